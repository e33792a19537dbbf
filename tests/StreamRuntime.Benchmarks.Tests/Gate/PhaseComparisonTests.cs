using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Tests.Results;

namespace StreamRuntime.Benchmarks.Tests.Gate;

public class PhaseComparisonTests
{
    [Fact]
    public void Compare_AnotherMachine_OnlyTheRatiosCount()
    {
        // Everything takes three times as long there.
        CaseResult[] results = Compare(Make(1, ours: 100), Make(3, ours: 100));

        Assert.Equal(["ours Fine", "theirs NotJudged"], results.Select(r => $"{r.Case.Subject} {r.Verdict}"));
        Assert.Equal(1, results[0].Cost.Interval!.Value.Ratio, 1e-9);
    }

    [Theory]
    [InlineData(125, "Regression")]
    [InlineData(106, "Inconclusive")]
    [InlineData(80, "Better")]
    public void Compare_OtherRatio_IsJudgedAsFarAsTheRoundsAllow(double ours, string verdict) => Assert.Equal(verdict, $"{Compare(Make(1, 100), Make(3, ours))[0].Verdict}");

    [Fact]
    public void Compare_FewRecordedRounds_AreInconclusive() => Assert.Equal(Verdict.Inconclusive, Compare(Make(1, 100, rounds: 2, jitter: 5), Make(1, 125))[0].Verdict);

    [Fact]
    public void Compare_MoreBytes_IsARegression()
    {
        Assert.Equal(Verdict.Regression, Compare(Make(1, 100, bytes: 24), Make(3, 100, bytes: 25))[0].Bytes.Verdict);
        Assert.Equal(Verdict.Fine, Compare(Make(1, 100, bytes: 24), Make(3, 100, bytes: 24))[0].Bytes.Verdict);
    }

    [Fact]
    public void Compare_WithoutReference_JudgesOnlyBytes()
    {
        SuiteResult Alone(double ours) => Make(1, ours) with { References = [], Measurements = [Make(1, ours).Measurements[0]] };

        CaseResult found = Assert.Single(Compare(Alone(100), Alone(200)));

        Assert.Equal((Verdict.NotJudged, Verdict.Fine), (found.Cost.Verdict, found.Bytes.Verdict));
        Assert.Equal(0, PhaseComparison.CountCompared(Alone(100), Alone(200)));
    }

    [Fact]
    public void Compare_VanishedAndNew_AreSaid()
    {
        SuiteResult then = Make(1, 100);
        SuiteResult now = then with { Measurements = [.. then.Measurements.Select(m => m.Subject == "ours" ? m with { Subject = "ours, faster" } : m)] };

        Assert.Equal(["ours Vanished", "theirs NotJudged", "ours, faster New"], Compare(then, now).Select(r => $"{r.Case.Subject} {r.Verdict}"));
    }

    [Fact]
    public void Compare_OtherSettings_IsNoComparison_ButOtherRoundsAre()
    {
        SuiteResult With(string rows, string rounds) => Make(1, 100) with { Settings = new Dictionary<string, string> { ["rows"] = rows, ["rounds"] = rounds } };

        Assert.Equal(Verdict.Incomparable, Assert.Single(Compare(With("10", "5"), With("20", "5"))).Verdict);
        Assert.Equal(Verdict.Fine, Compare(With("10", "5"), With("10", "7"))[0].Verdict);
    }

    private static CaseResult[] Compare(SuiteResult then, SuiteResult now) =>
        [.. PhaseComparison.Compare(then, now, new CostJudge(0.05, Math.Max(1, PhaseComparison.CountCompared(then, now))))];

    // A round that is slower is so for both.
    private static SuiteResult Make(double machine, double ours, int rounds = 7, double bytes = 24, double jitter = 1)
    {
        Measurement Of(string subject, double cpu, double more) => new(
            "x",
            subject,
            [.. Enumerable.Range(0, rounds).Select(r => new Dictionary<string, double> { [Figure.CpuNs] = machine * (1 + (r % 3)) * (cpu + (more * (r % 2))), [Figure.AllocatedBytes] = bytes })],
            HasExactBytes: true);
        return Sample.Result with { References = ["theirs"], Measurements = [Of("ours", ours, jitter), Of("theirs", 200, 0)] };
    }
}
