using StreamRuntime.Connections;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

/// <summary>Real threads against one connection. Each test prints its seed; what a seed can't fix is the scheduler.</summary>
public sealed class KeepAliveStressTests(ITestOutputHelper output)
{
    [Fact]
    public async Task FailureRacingTheReturn_EndsInOneEviction_AndNeverIdle()
    {
        var time = new ManualTimeProvider();
        using var wheel = new TimingWheel(time);
        var random = new Random(TestRun.Seed(output));
        int rounds = TestRun.IsFull ? 20_000 : 500;
        int idleFirst = 0;
        for (int round = 0; round < rounds; round++)
        {
            int evictions = 0;
            var evicted = new TaskCompletionSource<EvictionReason>();
            var connection = new KeepAlive(wheel, reason =>
            {
                Interlocked.Increment(ref evictions);
                evicted.TrySetResult(reason);
            });
            int[] spins = [random.Next(100), random.Next(100)];
            bool returned = false, failed = false;
            TestRun.Together(2, t =>
            {
                Thread.SpinWait(spins[t]);
                if (t == 0)
                {
                    returned = connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, wheel.Clock.Now);
                }
                else
                {
                    failed = connection.TryFail(wheel.Clock.Now);
                }
            });
            idleFirst += returned ? 1 : 0;
            Assert.Equal((true, KeepAliveState.Error, wheel.Clock.Now), (failed, connection.State, connection.DeadlineAt));

            // Time stands still: nothing but the failure itself can have evicted it.
            Assert.Equal(EvictionReason.Failure, await evicted.Task.WaitAsync(TestRun.Patience));
            Assert.Equal((1, 0), (evictions, wheel.Count));
        }

        output.WriteLine($"{idleFirst} of {rounds} returned before the failure");
    }

    [Fact]
    public void LeasesOfManyThreads_HaveOneHolderAtATime_AndEverySecondIsCounted()
    {
        int seed = TestRun.Seed(output);
        var time = new ManualTimeProvider();
        using var wheel = new TimingWheel(time);
        var connection = new KeepAlive(wheel, _ => { });
        Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, 0));
        int rounds = TestRun.IsFull ? 500_000 : 20_000;
        int holders = 0;
        long leases = 0, refusals = 0;
        TestRun.Together(4, t =>
        {
            var random = new Random(seed + t);
            for (int i = 0; i < rounds; i++)
            {
                if (t == 0)
                {
                    time.Advance(TimeSpan.FromMilliseconds(1));
                }

                if (!connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, wheel.Clock.Now))
                {
                    Interlocked.Increment(ref refusals);
                    continue;
                }

                Assert.Equal(1, Interlocked.Increment(ref holders));
                Interlocked.Increment(ref leases);
                Thread.SpinWait(random.Next(20));
                Interlocked.Decrement(ref holders);
                Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, wheel.Clock.Now));
                KeepAliveStatistics seen = connection.GetStatistics(wheel.Clock.Now);
                Assert.True(seen.TimeIdle >= TimeSpan.Zero && seen.TimeActive + seen.TimeIdle <= MonotonicClock.Between(0, wheel.Clock.Now));
            }
        });
        KeepAliveStatistics statistics = connection.GetStatistics(wheel.Clock.Now);
        Assert.Equal((1 + leases * 2, refusals), (statistics.Accepted, statistics.Refused));
        Assert.Equal(MonotonicClock.Between(0, wheel.Clock.Now), statistics.TimeActive + statistics.TimeIdle);
        Assert.Equal(TimeSpan.Zero, statistics.TimeError);
    }

    // However leases, returns, failures and the wheel meet: an idle connection is evicted in the end, no sooner than it may, and once.
    [Fact]
    public async Task EveryIdleConnection_IsEvictedInTheEnd_AndOnce()
    {
        int seed = TestRun.Seed(output);
        using var wheel = new TimingWheel(TimeProvider.System);
        var options = new KeepAliveOptions { IdleTimeout = TimeSpan.FromMilliseconds(2) };
        int early = 0;
        Watched[] all = [.. Enumerable.Range(0, 64).Select(_ => new Watched())];
        Array.ForEach(all, w => w.Connection = new KeepAlive(
            wheel,
            reason =>
            {
                Interlocked.Increment(ref w.Evictions);
                long idle = wheel.Clock.Now - Volatile.Read(ref w.IdleSince);
                Interlocked.Add(ref early, reason == EvictionReason.IdleTimeout && idle < 2_000_000 ? 1 : 0);
            },
            options));
        TestRun.Together(4, t =>
        {
            var random = new Random(seed + t);
            for (int i = 0; i < (TestRun.IsFull ? 2_000_000 : 50_000); i++)
            {
                Watched watched = all[random.Next(all.Length)];
                KeepAlive connection = watched.Connection!;
                if (connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, wheel.Clock.Now) || watched.TryTakeNew())
                {
                    Thread.SpinWait(random.Next(50));
                    if (random.Next(20_000) == 0)
                    {
                        connection.TryFail(wheel.Clock.Now);
                    }
                    else
                    {
                        // Never later than what the connection takes as its beginning.
                        long now = wheel.Clock.Now;
                        Volatile.Write(ref watched.IdleSince, now);
                        Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, now));
                    }
                }
            }
        });
        await Wait.UntilAsync(() => all.All(w => w.Connection!.State != KeepAliveState.Idle), TestRun.Patience, "no connection stays idle");
        await Wait.UntilAsync(() => all.All(w => w.IsNew || Volatile.Read(ref w.Evictions) == 1), TestRun.Patience, "each is evicted");
        await Task.Delay(10);
        Assert.All(all, w => Assert.Equal(w.IsNew ? 0 : 1, w.Evictions));
        Assert.Equal((0, 0), (early, wheel.Count));
    }

    private sealed class Watched
    {
        public KeepAlive? Connection;
        public int Evictions;
        public long IdleSince;
        private int _taken;

        public bool IsNew => Volatile.Read(ref _taken) == 0;

        public bool TryTakeNew() => Interlocked.Exchange(ref _taken, 1) == 0;
    }
}
