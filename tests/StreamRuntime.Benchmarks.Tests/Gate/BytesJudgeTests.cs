using StreamRuntime.Benchmarks.Gate;

namespace StreamRuntime.Benchmarks.Tests.Gate;

public class BytesJudgeTests
{
    [Theory]
    [InlineData(24, 24, "Fine")]
    [InlineData(24, 24.000001, "Regression")]
    [InlineData(24, 23, "Better")]
    [InlineData(0, 0, "Fine")]
    public void Judge_Exact_AnyDifferenceCounts(double was, double now, string verdict) =>
        Assert.Equal(verdict, $"{BytesJudge.Judge([was, was + 100], [now + 50, now], areExact: true).Verdict}");

    // The reference lies between 10 and 12, so 14 is what its own scattering explains, and 15 a byte more.
    [Theory]
    [InlineData(14.9, "Fine")]
    [InlineData(15, "Regression")]
    [InlineData(34, "Regression")]
    [InlineData(7.1, "Fine")]
    [InlineData(6, "Better")]
    public void Judge_Scattered_CountsBeyondTheReferencesOwnSpread(double now, string verdict) =>
        Assert.Equal(verdict, $"{BytesJudge.Judge([10, 12, 11, 10, 11, 12, 10, 11], [.. Enumerable.Repeat(now, 8)], areExact: false).Verdict}");

    [Fact]
    public void Judge_Scattered_TheLowestRoundDecides() =>
        Assert.Equal(Verdict.Fine, BytesJudge.Judge([10, 10, 10, 10, 10, 10, 10, 10], [40, 40, 40, 40, 40, 40, 40, 10.5], areExact: false).Verdict);

    [Fact]
    public void Judge_Scattered_FewRounds_AreNotCertain() =>
        Assert.Equal(new BytesResult(Verdict.Inconclusive, 10, 34), BytesJudge.Judge([10, 10, 10, 10, 10], [34, 34, 34, 34, 34], areExact: false));
}
