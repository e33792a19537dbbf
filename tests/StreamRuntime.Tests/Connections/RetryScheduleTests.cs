using StreamRuntime.Connections;

namespace StreamRuntime.Tests.Connections;

public sealed class RetryScheduleTests
{
    [Theory]
    [InlineData(1, 0.0, 100)]
    [InlineData(2, 0.0, 200)]
    [InlineData(3, 0.0, 400)]
    [InlineData(5, 0.0, 1600)]
    [InlineData(6, 0.0, 2000)]
    [InlineData(1000, 0.0, 2000)]
    [InlineData(1, 0.5, 75)]
    [InlineData(6, 0.5, 1500)]
    public void WaitAfter_DoublesUpToItsLimit_LessWhatChanceTakes(int attempt, double chance, int expectedMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expectedMs), RetrySchedule.WaitAfter(LinkOptions.Default, attempt, chance));

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(0.5, 0.5)]
    [InlineData(1, 0.0)]
    public void WaitAfter_AnyChance_StaysWithinItsBounds(double jitter, double leastPart)
    {
        LinkOptions options = LinkOptions.Default with { BackOffJitter = jitter };
        for (int n = 0; n < 10_000; n++)
        {
            TimeSpan longest = RetrySchedule.WaitAfter(options, 1 + n % 10, 0);
            TimeSpan wait = RetrySchedule.WaitAfter(options, 1 + n % 10, RetrySchedule.Chance(7, n));
            Assert.InRange(wait, longest * leastPart, longest);
        }
    }

    [Fact]
    public void WaitAfter_LimitsOfTheOptions_DoNotOverflow()
    {
        LinkOptions options = LinkOptions.Default with { FirstBackOff = TimeSpan.FromDays(1), LongestBackOff = TimeSpan.FromDays(1) };
        Assert.Equal(TimeSpan.FromDays(1), RetrySchedule.WaitAfter(options, 1000, 0));
        options = options with { FirstBackOff = TimeSpan.Zero };
        Assert.Equal(TimeSpan.Zero, RetrySchedule.WaitAfter(options, 1000, 0.3));
    }

    [Fact]
    public void Chance_OfASeed_IsRepeatable_AndEven()
    {
        double[] series = [.. Enumerable.Range(0, 100_000).Select(n => RetrySchedule.Chance(42, n))];
        Assert.Equal(series[..100], Enumerable.Range(0, 100).Select(n => RetrySchedule.Chance(42, n)));
        Assert.NotEqual(series[..100], Enumerable.Range(0, 100).Select(n => RetrySchedule.Chance(43, n)));
        Assert.All(series, c => Assert.InRange(c, 0, 1 - 1e-16));
        for (int tenth = 0; tenth < 10; tenth++)
        {
            Assert.InRange(series.Count(c => (int)(c * 10) == tenth), 9_500, 10_500);
        }
    }
}
