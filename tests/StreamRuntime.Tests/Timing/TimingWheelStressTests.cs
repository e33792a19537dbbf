using StreamRuntime.TestKit;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Timing;

/// <summary>Real threads, the system's clock and the thread pool. Each test prints its seed; what a seed can't fix is the scheduler.</summary>
public sealed class TimingWheelStressTests(ITestOutputHelper output)
{
    private static readonly int Rounds = TestRun.IsFull ? 10_000_000 : 1_000_000;

    [Fact]
    public async Task EveryScheduleRunsOnceOrIsCancelled_NeverEarly()
    {
        const int threads = 4;
        int seed = TestRun.Seed(output);
        using var wheel = new TimingWheel(TimeProvider.System);
        Counted[][] all = [.. Enumerable.Range(0, threads).Select(_ => Enumerable.Range(0, 2_000).Select(_ => new Counted(wheel)).ToArray())];
        TestRun.Together(threads, t =>
        {
            var random = new Random(seed + t);
            for (int i = 0; i < Rounds / threads; i++)
            {
                all[t][random.Next(2_000)].Act(random);
            }
        });
        Counted[] counted = [.. all.SelectMany(c => c)];
        await Wait.UntilAsync(() => counted.All(c => c.IsSettled), TestRun.Patience, "every schedule runs or is cancelled");

        // A second run of the same schedule would still be on its way.
        await Task.Delay(20);
        Assert.All(counted, c => Assert.True(c.IsSettled, $"seed {seed}"));
        Assert.Equal(0, counted.Sum(c => c.Early));
        Assert.Equal(0, wheel.Count);
        output.WriteLine($"{counted.Sum(c => c.Scheduled)} scheduled, {counted.Sum(c => c.Cancelled)} cancelled in time, {counted.Sum(c => c.Lost)} too late");
    }

    [Fact]
    public async Task EveryThreadOnTheSameDeadlines_LeavesTheWheelWhole()
    {
        const int threads = 8;
        int seed = TestRun.Seed(output);
        using var wheel = new TimingWheel(TimeProvider.System);
        long ran = 0;
        Deadline[] deadlines = [.. Enumerable.Range(0, 2_000).Select(_ => new Deadline(wheel, _ => Interlocked.Increment(ref ran)))];
        long schedules = 0;
        TestRun.Together(threads, t =>
        {
            var random = new Random(seed + t);
            for (int i = 0; i < Rounds / threads; i++)
            {
                Deadline deadline = deadlines[random.Next(deadlines.Length)];
                long due = wheel.Clock.Now + random.NextInt64(1L << random.Next(10, 22));
                switch (random.Next(4))
                {
                    case 0:
                        deadline.Cancel();
                        break;
                    case 1:
                        deadline.MoveLater(due);
                        break;
                    default:
                        Interlocked.Increment(ref schedules);
                        deadline.Schedule(due);
                        break;
                }
            }
        });

        // After all of that, each of them still does as it is told, once.
        Array.ForEach(deadlines, d => d.Cancel());
        await Wait.UntilAsync(() => wheel.Count == 0, TestRun.Patience, "the wheel is empty");
        await Task.Delay(20);
        output.WriteLine($"{ran} of {schedules} schedules ran");
        Assert.InRange(Interlocked.Read(ref ran), 1, schedules);
        long before = Interlocked.Read(ref ran);
        Array.ForEach(deadlines, d => d.Schedule(wheel.Clock.Now + 2_000_000));
        await Wait.UntilAsync(() => Interlocked.Read(ref ran) == before + deadlines.Length, TestRun.Patience, $"each runs once (seed {seed})");
        await Task.Delay(20);
        Assert.Equal(before + deadlines.Length, Interlocked.Read(ref ran));
        Assert.Equal(0, wheel.Count);
    }

    // A schedule that leaves the entry where it is takes no lock, and meets the wheel that is just looking at it.
    [Fact]
    public async Task Schedule_JustAsItsSlotComesUp_IsNeverLost()
    {
        int seed = TestRun.Seed(output);
        int rounds = TestRun.IsFull ? 50_000 : 400;
        using var wheel = new TimingWheel(TimeProvider.System);
        var random = new Random(seed);
        using var ran = new SemaphoreSlim(0);
        long second = MonotonicClock.Never;
        Deadline[] deadlines =
        [
            .. Enumerable.Range(0, 32).Select(_ => new Deadline(wheel, _ =>
            {
                if (wheel.Clock.Now >= Volatile.Read(ref second))
                {
                    ran.Release();
                }
            })),
        ];
        for (int round = 0; round < rounds; round++)
        {
            long first = wheel.Clock.Now + 500_000;
            Array.ForEach(deadlines, d => d.Schedule(first));
            long until = first + random.Next(-300_000, 1_300_000);
            while (wheel.Clock.Now < until)
            {
                Thread.SpinWait(1);
            }

            // Run by the first schedule or not, every one of them has to be run by the second.
            long due = wheel.Clock.Now + 700_000;
            Volatile.Write(ref second, due);
            Array.ForEach(deadlines, d => d.Schedule(due));
            for (int i = 0; i < deadlines.Length; i++)
            {
                Assert.True(await ran.WaitAsync(TestRun.Patience), $"seed {seed}, round {round}: a schedule was lost");
            }

            Volatile.Write(ref second, MonotonicClock.Never);
        }
    }

    [Fact]
    public void Dispose_WhileOthersSchedule_LetsNoCallbackBegin()
    {
        int seed = TestRun.Seed(output);
        for (int round = 0; round < (TestRun.IsFull ? 2_000 : 100); round++)
        {
            var wheel = new TimingWheel(TimeProvider.System);
            bool disposed = false;
            int late = 0;
            TestRun.Together(3, t =>
            {
                var random = new Random(seed + round * 3 + t);
                if (t == 0)
                {
                    Thread.SpinWait(random.Next(20_000));
                    wheel.Dispose();
                    Volatile.Write(ref disposed, true);
                    return;
                }

                // Begun is begun: what counts is a callback whose wheel was gone before it was queued.
                for (int i = 0; i < 200; i++)
                {
                    bool wasDisposed = Volatile.Read(ref disposed);
                    var deadline = new Deadline(wheel, _ => Interlocked.Add(ref late, wasDisposed ? 1 : 0));
                    bool scheduled = i % 2 == 0 ? deadline.Expire() : deadline.Schedule(wheel.Clock.Now + random.Next(2_000_000));
                    Assert.False(wasDisposed && scheduled);
                }
            });
            Assert.Equal((0, 0), (late, wheel.Count));
        }
    }

    /// <summary>A deadline of one owner, who never schedules it while it is scheduled and so can count.</summary>
    private sealed class Counted
    {
        private readonly TimingWheel _wheel;
        private readonly Deadline _deadline;
        private long _due;
        private long _ran;
        private long _early;

        public Counted(TimingWheel wheel)
        {
            _wheel = wheel;
            _deadline = new Deadline(wheel, OnDue);
        }

        public long Scheduled { get; private set; }

        public long Cancelled { get; private set; }

        public long Lost { get; private set; }

        public long Early => Volatile.Read(ref _early);

        public bool IsSettled => Volatile.Read(ref _ran) + Cancelled == Scheduled;

        public void Act(Random random)
        {
            if (IsSettled)
            {
                Volatile.Write(ref _due, _wheel.Clock.Now + random.NextInt64(1L << random.Next(10, 23)));
                Scheduled++;
                Assert.True(_deadline.Schedule(_due));
            }
            else if (random.Next(3) == 0)
            {
                // Later, by either way: once it counts, it holds.
                long due = _due + random.Next(1_000_000);
                _deadline.MoveLater(due);
            }
            else if (random.Next(2) == 0)
            {
                bool cancelled = _deadline.Cancel();
                Cancelled += cancelled ? 1 : 0;
                Lost += cancelled ? 0 : 1;
            }
        }

        private void OnDue(object? state)
        {
            if (_wheel.Clock.Now < Volatile.Read(ref _due))
            {
                Interlocked.Increment(ref _early);
            }

            Interlocked.Increment(ref _ran);
        }
    }
}
