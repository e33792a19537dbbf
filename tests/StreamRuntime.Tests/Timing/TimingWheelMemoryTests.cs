using StreamRuntime.TestKit.Timing;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Timing;

public sealed class TimingWheelMemoryTests(ITestOutputHelper output)
{
    private const int Million = 1_000_000;
    private const int BytesPerDeadline = 80; // as Deadline's documentation says
    private const long Second = 1_000_000_000;

    [Fact]
    public void MillionDeadlines_TakeWhatIsDocumented_AndOneTimer()
    {
        var time = new ManualTimeProvider();
        var queue = new WorkQueue { IsInline = true };
        using var wheel = new TimingWheel(time, TimingWheel.SmallestGranularity, queue.Add);
        int ran = 0;
        TimerCallback callback = state =>
        {
            Assert.True(wheel.Clock.Now >= ((long[])state!)[0]);
            ran++;
        };
        var random = new Random(TestRun.Seed(output));
        long[] earliest = [0];
        var deadlines = new Deadline[Million];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Million; i++)
        {
            deadlines[i] = new Deadline(wheel, callback, earliest);
        }

        long made = GC.GetAllocatedBytesForCurrentThread() - before;
        output.WriteLine($"{made / (double)Million} bytes a deadline");
        Assert.Equal(BytesPerDeadline, made / Million);
        foreach (Deadline deadline in deadlines)
        {
            deadline.Schedule(Second + random.NextInt64(3600 * Second));
        }

        Assert.Equal((Million, 1), (wheel.Count, time.ArmedTimers));
        time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(Million, ran + wheel.Count);
        Assert.InRange(ran, Million * 0.49, Million * 0.51);
        earliest[0] = 1800 * Second;
        time.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal((Million, 0, 0), (ran, wheel.Count, time.ArmedTimers));
    }

    [Fact]
    public void ScheduleMoveAndCancel_WithTheSystemsTimer_AllocateNothing()
    {
        using var wheel = new TimingWheel(TimeProvider.System);
        var deadline = new Deadline(wheel, _ => { });
        var neighbour = new Deadline(wheel, _ => { });
        neighbour.Schedule(3600 * Second);
        Assert.Equal(0, Allocated(() =>
        {
            for (int i = 0; i < 100_000; i++)
            {
                deadline.Schedule(7200 * Second - i * 10_000_000L);
                deadline.MoveLater(7300 * Second + i);
                deadline.Schedule(7400 * Second + i);
                deadline.Cancel();
            }
        }));
    }

    [Fact]
    public void SettingTheTimerAndRunning_AllocateNothing()
    {
        var time = new SteppedTime();
        long ran = 0;
        using var wheel = new TimingWheel(time, TimingWheel.SmallestGranularity, static item => item.Execute());
        var deadlines = new Deadline[100];
        for (int i = 0; i < deadlines.Length; i++)
        {
            deadlines[i] = new Deadline(wheel, _ => ran++);
        }

        Assert.Equal(0, Allocated(() =>
        {
            foreach (Deadline deadline in deadlines)
            {
                deadline.Schedule(wheel.Clock.Now + 100_000_000);
                deadline.MoveLater(wheel.Clock.Now + 90_000_000_000);
            }

            for (int i = 0; i < 1000; i++)
            {
                time.Step(100_000_000);
            }
        }));
        Assert.Equal(deadlines.Length * 2, ran);
    }

    // Measured the second time, when everything is compiled.
    private static long Allocated(Action act)
    {
        act();
        long before = GC.GetAllocatedBytesForCurrentThread();
        act();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Time that allocates nothing, unlike the manual one.</summary>
    private sealed class SteppedTime : TimeProvider, ITimer
    {
        private long _now;
        private TimerCallback? _callback;
        private object? _state;
        private bool _isArmed;

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state) = (callback, state);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => _isArmed = true;

        public void Step(long nanoseconds)
        {
            _now += nanoseconds;
            if (_isArmed)
            {
                _isArmed = false;
                _callback!(_state);
            }
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
