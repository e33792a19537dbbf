using StreamRuntime.Connections;
using StreamRuntime.TestKit;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

/// <summary>Many tasks, few connections, and everything that can go wrong: whatever happens, the counts are right in the end.</summary>
public sealed class ConnectionPoolStressTests(ITestOutputHelper output)
{
    private const int Tasks = 64;
    private const int MaxSize = 10;

    [Fact]
    public async Task ManyLeases_WithFaults_LeakNothing_AndLoseNobody()
    {
        int leases = TestRun.IsFull ? 10_000 : 500;
        int seed = TestRun.Seed(output);
        var server = new FakeServer();
        var openings = new Random(seed);
        server.Before = async token =>
        {
            int fate;
            lock (openings)
            {
                fate = openings.Next(20);
            }

            await Task.Yield();
            if (fate == 0)
            {
                throw new IOException("refused");
            }

            if (fate < 4)
            {
                await Task.Delay(fate, token);
            }
        };
        var wheel = new TimingWheel(TimeProvider.System, TimeSpan.FromMilliseconds(10));
        var pool = new ConnectionPool<PooledFake>(
            server.OpenAsync,
            new ConnectionPoolOptions
            {
                MaxSize = MaxSize,
                MinSize = 2,
                LeaseTimeout = TimeSpan.FromSeconds(20),
                IdleTimeout = TimeSpan.FromMilliseconds(30),
                MaxLifetime = TimeSpan.FromMilliseconds(200),
                UsableWithoutLook = TimeSpan.Zero,
            },
            wheel);
        long served = 0;
        long failed = 0;
        long cancelled = 0;
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(task => Task.Run(async () =>
        {
            var random = new Random(seed + task);
            for (int i = 0; i < leases; i++)
            {
                using var cancellation = new CancellationTokenSource();
                if (random.Next(10) == 0)
                {
                    cancellation.CancelAfter(TimeSpan.FromMilliseconds(random.Next(3)));
                }

                try
                {
                    PoolLease<PooledFake> lease = await pool.LeaseAsync(cancellation.Token);
                    PooledFake connection = lease.Connection;
                    connection.BeginUse();
                    if (random.Next(3) == 0)
                    {
                        await Task.Yield();
                    }

                    connection.EndUse();
                    connection.IsBroken = random.Next(30) == 0;
                    ValueTask returned = lease.ReturnAsync(isClean: random.Next(20) != 0);
                    await lease.ReturnAsync(isClean: false);
                    await returned;
                    Interlocked.Increment(ref served);
                }
                catch (IOException)
                {
                    Interlocked.Increment(ref failed);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cancelled);
                }
            }
        }))).WaitAsync(TimeSpan.FromMinutes(5));

        PoolStatistics statistics = pool.GetStatistics();
        output.WriteLine($"{served} served, {failed} failed, {cancelled} cancelled; {statistics}");
        Assert.Equal((long)Tasks * leases, served + failed + cancelled);
        Assert.True(served > 0 && failed > 0, "faults and leases were to be mixed");
        Assert.InRange(server.MostOpen, 1, MaxSize);
        Assert.Equal((0, 0), (statistics.Leased, statistics.Waiting));
        Assert.Equal(served, statistics.Leases);

        // Of all those waits and connections, no more than the lifetimes and idle timeouts of what is open has been left behind.
        await Wait.UntilAsync(() => wheel.Count <= 2 * pool.GetStatistics().Total, TestRun.Patience, "no deadline of the past is left");

        await pool.DisposeAsync().AsTask().WaitAsync(TestRun.Patience);
        Assert.Equal(0, server.Open);
        Assert.Equal(0, pool.GetStatistics().Total);
    }
}
