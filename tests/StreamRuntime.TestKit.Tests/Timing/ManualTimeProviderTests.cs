using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.TestKit.Tests.Timing;

public sealed class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly List<(string Name, TimeSpan At)> _runs = [];

    [Fact]
    public void Advance_PastSeveralTimers_RunsThemInOrderAtTheirTimes()
    {
        using ITimer late = Timer("late", 3, Timeout.Infinite);
        using ITimer early = Timer("early", 1, Timeout.Infinite);
        using ITimer same = Timer("same", 1, Timeout.Infinite);
        using ITimer beyond = Timer("beyond", 11, Timeout.Infinite);

        _clock.Advance(Seconds(10));

        Assert.Equal([("early", Seconds(1)), ("same", Seconds(1)), ("late", Seconds(3))], _runs);
        Assert.Equal(Seconds(10), Now());
        Assert.Equal(Seconds(1), _clock.UntilNextTimer);
        Assert.Equal(1, _clock.ArmedTimers);
    }

    [Fact]
    public void Advance_JustShort_RunsNothing()
    {
        using ITimer timer = Timer("t", 1, Timeout.Infinite);
        _clock.Advance(Seconds(1) - TimeSpan.FromTicks(1));
        Assert.Empty(_runs);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Single(_runs);
    }

    [Fact]
    public void Advance_PeriodicTimer_RunsOncePerPeriod()
    {
        using ITimer timer = Timer("p", 1, 2);
        _clock.Advance(Seconds(6));
        Assert.Equal([Seconds(1), Seconds(3), Seconds(5)], _runs.Select(r => r.At));
    }

    [Fact]
    public void Advance_TimerThatArmsItselfAgain_RunsEachTimeWithinTheSpan()
    {
        ITimer? timer = null;
        timer = _clock.CreateTimer(
            _ =>
            {
                _runs.Add(("again", Now()));
                timer!.Change(Seconds(1), Timeout.InfiniteTimeSpan);
            },
            null,
            Seconds(1),
            Timeout.InfiniteTimeSpan);

        _clock.Advance(Seconds(3));

        Assert.Equal([Seconds(1), Seconds(2), Seconds(3)], _runs.Select(r => r.At));
        timer.Dispose();
    }

    [Fact]
    public void Advance_TimerThatArmsItselfForNow_RunsOncePerAdvance()
    {
        ITimer? timer = null;
        timer = _clock.CreateTimer(
            _ =>
            {
                _runs.Add(("now", Now()));
                timer!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            },
            null,
            TimeSpan.Zero,
            Timeout.InfiniteTimeSpan);

        _clock.Advance(TimeSpan.Zero);
        Assert.Single(_runs);
        _clock.Advance(Seconds(1));
        Assert.Equal(2, _runs.Count);
        timer.Dispose();
    }

    [Fact]
    public void Change_AfterDispose_ReturnsFalse()
    {
        ITimer timer = Timer("t", 1, Timeout.Infinite);
        timer.Dispose();
        Assert.False(timer.Change(Seconds(1), Timeout.InfiniteTimeSpan));
        _clock.Advance(Seconds(10));
        Assert.Empty(_runs);
    }

    [Fact]
    public void Change_ToInfinite_Disarms()
    {
        using ITimer timer = Timer("t", 1, 1);
        Assert.True(timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        _clock.Advance(Seconds(10));
        Assert.Empty(_runs);
    }

    [Fact]
    public async Task Delay_OnThisClock_EndsWhenAdvanced()
    {
        Task delay = Task.Delay(Seconds(5), _clock);
        _clock.Advance(Seconds(4));
        Assert.False(delay.IsCompleted);
        _clock.Advance(Seconds(1));
        await delay;
        Assert.Equal(new DateTimeOffset(2000, 1, 1, 0, 0, 5, TimeSpan.Zero), _clock.GetUtcNow());
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private TimeSpan Now() => _clock.GetElapsedTime(0);

    private ITimer Timer(string name, int due, int period) => _clock.CreateTimer(
        _ => _runs.Add((name, Now())), null, Seconds(due), period < 0 ? Timeout.InfiniteTimeSpan : Seconds(period));
}
