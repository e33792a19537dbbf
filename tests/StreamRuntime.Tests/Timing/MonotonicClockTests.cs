using StreamRuntime.TestKit.Timing;
using StreamRuntime.Timing;

namespace StreamRuntime.Tests.Timing;

public sealed class MonotonicClockTests
{
    [Theory]
    [InlineData(1, 3, 3_000_000_000)]
    [InlineData(1_000, 3, 3_000_000)]
    [InlineData(10_000_000, 3, 300)]
    [InlineData(1_000_000_000, 3, 3)]
    [InlineData(3_000_000_000, 8, 2)] // 2.67, rounded down: never ahead of the provider
    [InlineData(24_000_000, 1, 41)]
    [InlineData(24_000_000, 24_000_000L * 86_400 * 365 * 200, 1_000_000_000L * 86_400 * 365 * 200)]
    public void Now_AnyFrequency_IsInNanosecondsSinceTheClockWasMade(long frequency, long timestamps, long nanoseconds)
    {
        var provider = new SetTimeProvider(frequency) { Timestamp = 630_822_816_000_000_000 };
        var clock = new MonotonicClock(provider);
        Assert.Equal(0, clock.Now);
        provider.Timestamp += timestamps;
        Assert.Equal(nanoseconds, clock.Now);
    }

    [Fact]
    public void Now_ManualTime_IsExact()
    {
        var time = new ManualTimeProvider();
        time.Advance(TimeSpan.FromDays(1));
        var clock = new MonotonicClock(time);
        time.Advance(TimeSpan.FromTicks(7));
        Assert.Equal(700, clock.Now);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(5, 1, 105)]
    [InlineData(5, long.MaxValue, MonotonicClock.Never)]
    [InlineData(long.MaxValue - 99, 1, MonotonicClock.Never)]
    [InlineData(long.MaxValue - 101, 1, long.MaxValue - 1)]
    [InlineData(5, -10_000, MonotonicClock.Never)] // Timeout.InfiniteTimeSpan
    public void After_AnyTime_StopsAtNever(long now, long ticks, long expected) =>
        Assert.Equal(expected, MonotonicClock.After(now, TimeSpan.FromTicks(ticks)));

    [Fact]
    public void Between_TwoTimes_IsTheTimeFromOneToTheOther() =>
        Assert.Equal(TimeSpan.FromMilliseconds(2), MonotonicClock.Between(1_000_000, 3_000_000));

    private sealed class SetTimeProvider(long frequency) : TimeProvider
    {
        public long Timestamp { get; set; }

        public override long TimestampFrequency => frequency;

        public override long GetTimestamp() => Timestamp;
    }
}
