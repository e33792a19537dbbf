using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Tests.Statistics;

public class TrimmedMeanTests
{
    [Fact]
    public void Of_FewValues_IsTheMean()
    {
        var mean = TrimmedMean.Of([4, 2, 3, 7]);

        // The variance of a mean: 14 / (4 * 3).
        Assert.Equal(4, mean.Value);
        Assert.Equal(14.0 / 12, mean.Variance, 1e-12);
        Assert.Equal(3, mean.DegreesOfFreedom);
    }

    [Fact]
    public void Of_FiveValues_LeavesOneOutOnEitherSide()
    {
        var mean = TrimmedMean.Of([1000, 1, 5, 3, 4]);

        // What is left is 3, 4, 5; winsorized 3, 3, 4, 5, 5 with squares that sum up to 4, over 3 * 2.
        Assert.Equal(4, mean.Value);
        Assert.Equal(4.0 / 6, mean.Variance, 1e-12);
        Assert.Equal(2, mean.DegreesOfFreedom);
    }

    [Fact]
    public void Of_OneValue_SaysNothingAboutItsError() => Assert.Equal(new TrimmedMean(3, double.PositiveInfinity, 0), TrimmedMean.Of([3]));

    [Fact]
    public void Of_NoValue_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => TrimmedMean.Of([]));

    [Fact]
    public void Of_AnOutlier_IsTheSameWhereverItLies() => Assert.Equal(TrimmedMean.Of([1, 2, 3, 4, 5.5]), TrimmedMean.Of([1, 2, 3, 4, 1e9]));

    [Fact]
    public void Minus_HasWelchsDegreesOfFreedom()
    {
        TrimmedMean difference = new TrimmedMean(5, 0.5, 4).Minus(new TrimmedMean(3, 0.25, 9));

        Assert.Equal(2, difference.Value);
        Assert.Equal(0.75, difference.Variance);
        Assert.Equal(0.75 * 0.75 / ((0.25 / 4) + (0.0625 / 9)), difference.DegreesOfFreedom, 1e-12);
    }

    [Fact]
    public void Minus_OfTooFewValues_SaysNothingAboutItsError() => Assert.Equal(0, TrimmedMean.Of([1, 2, 3]).Minus(TrimmedMean.Of([1])).DegreesOfFreedom);

    [Fact]
    public void Minus_WithoutNoise_IsStillCertain() => Assert.Equal(new TrimmedMean(1, 0, 1), TrimmedMean.Of([2, 2, 2]).Minus(TrimmedMean.Of([1, 1])));

    // The textbook interval: 4 ± t(0.975; 3) standard errors, here of logarithms.
    [Fact]
    public void Interval_IsStudents()
    {
        var interval = RatioInterval.Of(new TrimmedMean(0.1, 0.0004, 3), 0.025, 0.05);

        Assert.Equal(Math.Exp(0.1), interval.Ratio, 1e-12);
        Assert.Equal(Math.Exp(0.1 - (0.02 * 3.182446)), interval.Lower, 1e-6);
        Assert.Equal(Math.Exp(0.1 + (0.02 * 2.353363)), interval.Upper, 1e-6);
    }

    [Fact]
    public void Interval_OfOneRound_IsEverything() => Assert.Equal(new RatioInterval(1, 0, double.PositiveInfinity), RatioInterval.Of(TrimmedMean.Of([0]), 0.01, 0.05));

    // The interval is worth what it claims only if it misses the truth about as often as it says. Far out it does so up to twice as often, which the gate allows for.
    [Theory]
    [InlineData(5, 0, 0.05, 1.25)]
    [InlineData(12, 0, 0.05, 1.15)]
    [InlineData(12, 0.1, 0.05, 1.15)]
    [InlineData(40, 0.1, 0.05, 1.15)]
    [InlineData(5, 0, 0.001, 2)]
    [InlineData(12, 0, 0.001, 2)]
    [InlineData(40, 0.1, 0.001, 2)]
    public void Interval_MissesTheTruthAboutAsOftenAsItSays(int values, double outliers, double claimed, double mostTimesThat)
    {
        int trials = (TestRun.IsFull ? 10_000 : 1000) * (claimed < 0.01 ? 100 : 20);
        var noise = new Noise(seed: 1, scatter: 0.03, outliers);
        int missed = Enumerable.Range(0, trials).Count(_ => RatioInterval.Of(TrimmedMean.Of(Enumerable.Range(0, values).Select(_ => noise.Next() - noise.Next())), claimed, claimed).Lower > 1);

        Assert.InRange(missed, trials * claimed * 0.6, trials * claimed * mostTimesThat);
    }
}
