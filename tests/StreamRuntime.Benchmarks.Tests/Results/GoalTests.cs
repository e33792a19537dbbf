using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Tests.Results;

public class GoalTests
{
    [Fact]
    public void Check_ComparesRoundByRound()
    {
        Ratio cpu = new Goal("json", "streamrt", "libpq", 1).Check(Sample.Result).Cpu;

        Assert.Equal(new Ratio(0.6, 0.5, 1.25), cpu);
    }

    [Theory]
    [InlineData(0.6, true)]
    [InlineData(0.59, false)]
    public void Check_TheMedianDecides(double mostCpu, bool isMet) =>
        Assert.Equal(isMet, new Goal("json", "streamrt", "libpq", mostCpu).Check(Sample.Result).IsMet);

    [Theory]
    [InlineData(new double[] { 3 }, 3)]
    [InlineData(new double[] { 9, 1, 2 }, 2)]
    [InlineData(new double[] { 4, 1, 2, 9 }, 3)]
    public void Median_IsTheMiddle(double[] values, double median) => Assert.Equal(median, Medians.Of(values));
}
