using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Tests.Results;

public class GoalTests
{
    [Fact]
    public void Check_ComparesRoundByRound()
    {
        Ratio cpu = new Goal("json", "streamrt", Figure.CpuNs, 1, "libpq").Check(Sample.Result).Measured;

        Assert.Equal(new Ratio(0.6, 0.5, 1.25), cpu);
    }

    [Theory]
    [InlineData(0.6, true)]
    [InlineData(0.59, false)]
    public void Check_TheMedianDecides(double mostCpu, bool isMet) =>
        Assert.Equal(isMet, new Goal("json", "streamrt", Figure.CpuNs, mostCpu, "libpq").Check(Sample.Result).IsMet);

    [Theory]
    [InlineData(0.5, true)]
    [InlineData(0.49, false)]
    public void Check_WithoutReference_ComparesTheFigureItself(double most, bool isMet) =>
        Assert.Equal(isMet, new Goal("json", "streamrt", Figure.AllocatedBytes, most).Check(Sample.Result).IsMet);

    [Theory]
    [InlineData("json", "streamrt", "libpq", true)]
    [InlineData("json", "streamrt", "pgx", false)]
    [InlineData("jsonb", "streamrt", null, false)]
    public void IsIn_NeedsBothSides(string situation, string subject, string? reference, bool isIn) =>
        Assert.Equal(isIn, new Goal(situation, subject, Figure.CpuNs, 1, reference).IsIn(Sample.Result));

    [Theory]
    [InlineData(new double[] { 3 }, 3)]
    [InlineData(new double[] { 9, 1, 2 }, 2)]
    [InlineData(new double[] { 4, 1, 2, 9 }, 3)]
    public void Median_IsTheMiddle(double[] values, double median) => Assert.Equal(median, Medians.Of(values));
}
