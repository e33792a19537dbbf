using System.Collections.Concurrent;
using StreamRuntime.Connections;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

/// <summary>Who asked first is served first, whatever threads ask, give up, return and break connections at the same time.</summary>
public sealed class ConnectionPoolOrderTests(ITestOutputHelper output)
{
    private const int Threads = 16;

    // Who asks takes a number together with the place in line; who has a connection says so before giving it back. With one connection nobody may be overtaken. With more,
    // at most as many as there are connections have one and have not come to say so.
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task ManyThreads_AreServedInTheOrderOfAsking(int maxSize)
    {
        int seed = TestRun.Seed(output);
        int rounds = TestRun.IsFull ? 20_000 : 1_500;
        var server = new FakeServer();
        server.Before = async _ => await Task.Yield();
        var pool = new ConnectionPool<PooledFake>(
            server.OpenAsync,
            new ConnectionPoolOptions { MaxSize = maxSize, LeaseTimeout = TimeSpan.FromMinutes(1), IdleTimeout = TimeSpan.FromMilliseconds(20), UsableWithoutLook = TimeSpan.Zero });
        var asking = new Lock();
        var waiting = new SortedSet<int>();
        var overtaken = new ConcurrentQueue<string>();
        int numbers = 0;
        long served = 0;
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(async () =>
        {
            var random = new Random(seed + thread);
            for (int i = 0; i < rounds; i++)
            {
                using var cancellation = new CancellationTokenSource();
                int number;
                Task<PoolLease<PooledFake>> asked;
                lock (asking)
                {
                    number = ++numbers;
                    waiting.Add(number);
                    asked = pool.LeaseAsync(cancellation.Token).AsTask();
                }

                if (random.Next(8) == 0)
                {
                    await Task.Yield();
                    Leave(number);
                    await cancellation.CancelAsync();
                }

                try
                {
                    PoolLease<PooledFake> lease = await asked;
                    int before = Leave(number);
                    if (before > maxSize - 1)
                    {
                        overtaken.Enqueue($"{number} before {before} others");
                    }

                    lease.Connection.BeginUse();
                    if (random.Next(3) == 0)
                    {
                        await Task.Yield();
                    }

                    lease.Connection.EndUse();
                    lease.Connection.IsBroken = random.Next(30) == 0;
                    await lease.ReturnAsync(isClean: random.Next(15) != 0);
                    Interlocked.Increment(ref served);
                }
                catch (OperationCanceledException)
                {
                    // It has left already.
                }
            }
        }))).WaitAsync(TimeSpan.FromMinutes(5));

        output.WriteLine($"{served} served of {numbers}; {pool.GetStatistics()}");
        Assert.Empty(overtaken);
        Assert.InRange(served, Threads * rounds / 4, Threads * rounds);
        Assert.Equal((0, 0), (pool.GetStatistics().Waiting, pool.GetStatistics().Leased));
        await pool.DisposeAsync();

        // Gives how many still wait who asked before.
        int Leave(int number)
        {
            lock (asking)
            {
                waiting.Remove(number);
                return waiting.GetViewBetween(0, number).Count;
            }
        }
    }
}
