using StreamRuntime.TestKit.Timing;
using StreamRuntime.Timing;

namespace StreamRuntime.Tests.Timing;

public sealed class TimingWheelTests : IDisposable
{
    private const long Millisecond = 1_000_000;
    private readonly ManualTimeProvider _time = new();
    private readonly WorkQueue _queue = new() { IsInline = true };
    private readonly TimingWheel _wheel;
    private readonly List<long> _ran = [];

    public TimingWheelTests() => _wheel = new TimingWheel(_time, TimingWheel.SmallestGranularity, _queue.Add);

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public void NewWheel_HoldsNothing_AndSetsNoTimer()
    {
        _ = new Deadline(_wheel, _ => { });
        Assert.Equal((0, 0), (_wheel.Count, _time.ArmedTimers));
    }

    [Fact]
    public void Schedule_ManyDeadlines_SetsOneTimerForTheEarliest()
    {
        New().Schedule(30 * Millisecond);
        Assert.Equal((1, TimeSpan.FromMilliseconds(30)), (_time.ArmedTimers, _time.UntilNextTimer!.Value));
        New().Schedule(40 * Millisecond);
        New().Schedule(20 * Millisecond);
        Assert.Equal((1, TimeSpan.FromMilliseconds(20)), (_time.ArmedTimers, _time.UntilNextTimer!.Value));
        Advance(20);
        Assert.Equal((1, TimeSpan.FromMilliseconds(10)), (_time.ArmedTimers, _time.UntilNextTimer!.Value));
        Advance(100);
        Assert.Equal([20 * Millisecond, 30 * Millisecond, 40 * Millisecond], _ran);
        Assert.Equal((0, 0), (_wheel.Count, _time.ArmedTimers));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(0, 999_999, 1)]
    [InlineData(0, 1_000_000, 1)]
    [InlineData(0, 1_000_001, 2)]
    [InlineData(300_000, 1_500_000, 2)] // 1.7 ms to the tick at 2 ms, in whole milliseconds
    [InlineData(300_000, 400_000, 1)]
    public void Schedule_AnyTime_WaitsForWholeMillisecondsRoundedUp(long now, long due, int waitMs)
    {
        _time.Advance(TimeSpan.FromTicks(now / 100));
        New().Schedule(due);
        Assert.Equal(TimeSpan.FromMilliseconds(waitMs), _time.UntilNextTimer);
        _time.Advance(TimeSpan.FromMilliseconds(waitMs) - TimeSpan.FromTicks(1));
        Assert.Empty(_ran);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Single(_ran);
    }

    [Fact]
    public void Schedule_LongAfterTheWheelLastTurned_WakesOnlyOnce()
    {
        New().Schedule(MonotonicClock.After(0, TimeSpan.FromDays(7)));
        _time.Advance(TimeSpan.FromMinutes(71.234));
        New().Schedule(_wheel.Clock.Now + 5 * Millisecond);
        Assert.Equal(TimeSpan.FromMilliseconds(5), _time.UntilNextTimer);
    }

    [Fact]
    public void Schedule_FurtherThanATimerReaches_RunsWhenItsTimeComes()
    {
        long due = MonotonicClock.After(0, TimeSpan.FromDays(1000));
        New().Schedule(due);
        _time.Advance(TimeSpan.FromDays(1000) - TimeSpan.FromTicks(1));
        Assert.Empty(_ran);
        Advance(1);
        Assert.Single(_ran);
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(5 * Millisecond - 1)]
    [InlineData(5 * Millisecond)]
    public void Schedule_TimeThatHasPassed_RunsAtOnce(long due)
    {
        Advance(5);
        Assert.True(New().Schedule(due));
        Assert.Single(_ran);
        Assert.Equal((0, 0), (_wheel.Count, _time.ArmedTimers));
    }

    [Fact]
    public void Schedule_Never_ForgetsWhatWasScheduled()
    {
        Deadline deadline = New();
        Assert.True(deadline.Schedule(MonotonicClock.Never));
        deadline.Schedule(10 * Millisecond);
        Assert.True(deadline.Schedule(MonotonicClock.Never));
        Assert.False(deadline.Cancel());
        _time.Advance(TimeSpan.FromDays(4000));
        Assert.Empty(_ran);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(90_000)]
    public void Schedule_Again_ReplacesWhatWasScheduled(int secondMs)
    {
        Deadline deadline = New();
        deadline.Schedule(10 * Millisecond);
        deadline.Schedule(secondMs * Millisecond);
        Advance(100_000);
        Assert.Equal([secondMs * Millisecond], _ran);
    }

    [Fact]
    public void Schedule_FromItsOwnCallback_RunsAgain()
    {
        Deadline? deadline = null;
        deadline = new Deadline(_wheel, _ =>
        {
            _ran.Add(_wheel.Clock.Now);
            deadline!.Schedule(_wheel.Clock.Now + 250 * Millisecond);
        });
        deadline.Schedule(250 * Millisecond);
        Advance(1000);
        Assert.Equal([250, 500, 750, 1000], _ran.Select(t => t / Millisecond));
    }

    [Fact]
    public void MoveLater_TouchesNothingUntilItsSlotComesUp()
    {
        Deadline deadline = New();
        deadline.Schedule(10 * Millisecond);
        for (int i = 1; i <= 9; i++)
        {
            Advance(1);
            deadline.MoveLater(_wheel.Clock.Now + 10 * Millisecond);
            Assert.Equal(TimeSpan.FromMilliseconds(10 - i), _time.UntilNextTimer);
        }

        Advance(1);
        Assert.Equal(TimeSpan.FromMilliseconds(9), _time.UntilNextTimer);
        Advance(8);
        Assert.Empty(_ran);
        Advance(1);
        Assert.Equal([19 * Millisecond], _ran);
    }

    [Fact]
    public void MoveLater_EarlierOrNotScheduled_HasNoEffect()
    {
        Deadline deadline = New();
        deadline.MoveLater(5 * Millisecond);
        Advance(10);
        Assert.Empty(_ran);
        deadline.Schedule(30 * Millisecond);
        deadline.MoveLater(20 * Millisecond);
        Advance(15);
        Assert.Empty(_ran);
        Advance(5);
        Assert.Single(_ran);
        deadline.MoveLater(40 * Millisecond);
        Advance(100);
        Assert.Single(_ran);
    }

    [Fact]
    public void MoveLater_Never_LeavesTheWheelWhenItsSlotComesUp()
    {
        Deadline deadline = New();
        deadline.Schedule(10 * Millisecond);
        deadline.MoveLater(MonotonicClock.Never);
        Assert.Equal(1, _wheel.Count);
        Advance(10);
        Assert.Equal((0, 0, 0), (_wheel.Count, _time.ArmedTimers, _ran.Count));
        deadline.Schedule(20 * Millisecond);
        Advance(10);
        Assert.Single(_ran);
    }

    [Fact]
    public void Cancel_SaysWhetherTheCallbackWontRun()
    {
        Deadline deadline = New();
        Assert.False(deadline.Cancel());
        deadline.Schedule(10 * Millisecond);
        Assert.True(deadline.Cancel());
        Assert.False(deadline.Cancel());
        Assert.Equal(0, _wheel.Count);
        deadline.Schedule(10 * Millisecond);
        Advance(10);
        Assert.False(deadline.Cancel());
        Assert.Single(_ran);
    }

    [Fact]
    public void Cancel_OfTheLast_LetsTheTimerFireOnceMoreAtMost()
    {
        Deadline deadline = New();
        for (int i = 0; i < 100; i++)
        {
            deadline.Schedule((10 + i) * Millisecond);
            deadline.Cancel();
        }

        Assert.InRange(_time.ArmedTimers, 0, 1);
        Advance(10);
        Assert.Equal(0, _time.ArmedTimers);
    }

    [Fact]
    public void Cancel_InTheCallback_IsTooLate()
    {
        bool? cancelled = null;
        Deadline? deadline = null;
        deadline = new Deadline(_wheel, _ => cancelled = deadline!.Cancel());
        deadline.Schedule(Millisecond);
        Advance(1);
        Assert.False(cancelled);
    }

    [Fact]
    public void Expire_RunsAtOnce_InPlaceOfWhatWasScheduled()
    {
        Deadline deadline = New();
        deadline.Schedule(10 * Millisecond);
        Assert.True(deadline.Expire());
        Assert.Single(_ran);
        Advance(100);
        Assert.Single(_ran);
    }

    // Between the moment its time has come and the moment the thread pool begins it.
    [Fact]
    public void QueuedCallback_LosesToCancel()
    {
        Deadline deadline = Queued();
        Assert.True(deadline.Cancel());
        _queue.RunAll();
        Assert.Empty(_ran);
    }

    [Fact]
    public void QueuedCallback_LosesToSchedule_WhichRunsItOnce()
    {
        Deadline deadline = Queued();
        deadline.Schedule(20 * Millisecond);
        _queue.RunAll();
        Assert.Empty(_ran);
        Advance(10);
        deadline.Schedule(30 * Millisecond);
        Advance(10);
        Assert.Equal(2, _queue.Count);
        _queue.RunAll();
        Assert.Equal([30 * Millisecond], _ran);
    }

    [Theory]
    [InlineData(15 * Millisecond, 1)]
    [InlineData(MonotonicClock.Never, 0)]
    public void QueuedCallback_LosesToMoveLater(long due, int runs)
    {
        Deadline deadline = Queued();
        deadline.MoveLater(due);
        _queue.RunAll();
        Assert.Empty(_ran);
        Assert.Equal(runs, _wheel.Count);
        Advance(100);
        _queue.RunAll();
        Assert.Equal(runs, _ran.Count);
    }

    [Fact]
    public void QueuedCallback_LosesToDispose()
    {
        Deadline deadline = Queued();
        _wheel.Dispose();
        _queue.RunAll();
        Assert.Empty(_ran);
        Assert.True(deadline.Cancel());
        Assert.False(deadline.Cancel());
    }

    [Fact]
    public void Dispose_ForgetsEveryDeadline_AndTakesNoMore()
    {
        Deadline[] deadlines = [.. Enumerable.Range(1, 100).Select(i => New(i * i * 1000L * Millisecond))];
        _wheel.Dispose();
        _wheel.Dispose();
        Assert.Equal((0, 0), (_wheel.Count, _time.ArmedTimers));
        Assert.All(deadlines, d => Assert.Null(d.Next ?? d.Previous));
        Assert.False(deadlines[0].Schedule(Millisecond) || deadlines[1].Expire() || deadlines[2].Cancel());
        deadlines[3].MoveLater(Millisecond);
        _time.Advance(TimeSpan.FromDays(100));
        Assert.Empty(_ran);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void ManyOfOneTime_AllRun(int count)
    {
        for (int i = 0; i < count; i++)
        {
            New(70_000 * Millisecond);
        }

        Advance(69_999);
        Assert.Empty(_ran);
        Advance(1);
        Assert.Equal(count, _ran.Count);
        Assert.Equal((0, 0), (_wheel.Count, _time.ArmedTimers));
    }

    [Fact]
    public async Task Callback_OnTheThreadPool_IsUnderNoLock_AndInNobodysContext()
    {
        using var wheel = new TimingWheel(_time);
        var context = new AsyncLocal<string> { Value = "scheduler" };
        var seen = new TaskCompletionSource<string?>();
        var deadline = new Deadline(wheel, _ =>
        {
            // Another thread can use the wheel while this callback runs.
            bool scheduled = Task.Run(() => new Deadline(wheel, _ => { }).Schedule(MonotonicClock.After(0, TimeSpan.FromDays(1)))).Wait(TestRun.Patience);
            seen.SetResult(scheduled ? context.Value : "locked out");
        });
        deadline.Schedule(Millisecond);
        Advance(1);
        Assert.Null(await seen.Task.WaitAsync(TestRun.Patience));
    }

    [Fact]
    public async Task SlowCallback_DelaysNoOther()
    {
        using var wheel = new TimingWheel(_time);
        using var release = new ManualResetEventSlim();
        var others = new CountdownEvent(200);
        var slowBegan = new TaskCompletionSource();
        var slowEnded = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = new Deadline(wheel, _ =>
        {
            slowBegan.SetResult();
            slowEnded.SetResult(release.Wait(TestRun.Patience));
        });
        slow.Schedule(Millisecond);
        Advance(1);
        await slowBegan.Task.WaitAsync(TestRun.Patience);
        for (int i = 0; i < others.InitialCount; i++)
        {
            new Deadline(wheel, _ => others.Signal()).Schedule((1 + i / 10) * Millisecond);
        }

        Advance(50);
        Assert.True(others.Wait(TestRun.Patience));
        Assert.False(slowEnded.Task.IsCompleted);
        release.Set();
        Assert.True(await slowEnded.Task.WaitAsync(TestRun.Patience));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9_999)]
    [InlineData(-10_000)]
    [InlineData(36_000_000_001)]
    public void Granularity_OutOfRange_IsRefused(long ticks) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TimingWheel(_time, TimeSpan.FromTicks(ticks)));

    private void Advance(int ms) => _time.Advance(TimeSpan.FromMilliseconds(ms));

    private Deadline New(long? due = null)
    {
        var deadline = new Deadline(_wheel, _ => _ran.Add(_wheel.Clock.Now));
        Assert.True(due is null || deadline.Schedule(due.Value));
        return deadline;
    }

    private Deadline Queued()
    {
        _queue.IsInline = false;
        Deadline deadline = New(10 * Millisecond);
        Advance(10);
        Assert.Equal((1, 0), (_queue.Count, _wheel.Count));
        return deadline;
    }
}
