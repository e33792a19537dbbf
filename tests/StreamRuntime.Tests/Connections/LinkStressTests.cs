using System.Collections.Concurrent;
using StreamRuntime.Connections;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

/// <summary>Real threads against one link. Each test prints its seed; what a seed can't fix is the scheduler.</summary>
public sealed class LinkStressTests(ITestOutputHelper output)
{
    [Fact]
    public async Task OfAHundredThreads_OneConnects_OneDisconnects()
    {
        TestRun.Seed(output);
        using var wheel = new TimingWheel(new ManualTimeProvider());
        for (int round = 0; round < (TestRun.IsFull ? 200 : 10); round++)
        {
            int opened = 0;
            await using var link = new Link<string, FakeConnection>(
                (_, _) =>
                {
                    Interlocked.Increment(ref opened);
                    return new ValueTask<FakeConnection>(new FakeConnection());
                },
                wheel);
            int connects = 0, disconnects = 0;
            TestRun.Together(100, i => Interlocked.Add(ref connects, link.TryConnect($"{i}") ? 1 : 0));
            FakeConnection connection = await link.GetConnectionAsync().WaitAsync(TestRun.Patience);
            TestRun.Together(100, _ => Interlocked.Add(ref disconnects, link.DisconnectAsync().AsTask().GetAwaiter().GetResult() ? 1 : 0));
            Assert.Equal((1, 1, 1, 1), (connects, opened, disconnects, connection.Closes));
        }
    }

    [Fact]
    public async Task EveryActionAtOnce_LeaksNoConnection_AndAnswersEveryWaiter()
    {
        int seed = TestRun.Seed(output);
        using var wheel = new TimingWheel(TimeProvider.System);
        var options = new LinkOptions
        {
            MaxAttempts = 3,
            AttemptTimeout = TimeSpan.FromMilliseconds(3),
            FirstBackOff = TimeSpan.FromMilliseconds(1),
            LongestBackOff = TimeSpan.FromMilliseconds(2),
            JitterSeed = seed,
        };
        int connected = 0, failed = 0, attempts = 0;
        for (int round = 0; round < (TestRun.IsFull ? 500 : 12); round++)
        {
            var opened = new ConcurrentBag<FakeConnection>();
            int began = 0, ended = 0;
            var link = new Link<string, FakeConnection>(
                async (attempt, token) =>
                {
                    // Fast, slow, failing, or deaf to its token: whatever an opener may be.
                    var random = new Random(seed ^ Interlocked.Increment(ref began));
                    try
                    {
                        int kind = random.Next(6);
                        if (kind < 2)
                        {
                            await Task.Delay(random.Next(6), kind == 0 ? token : CancellationToken.None);
                        }
                        else if (kind == 2)
                        {
                            throw new IOException("no");
                        }

                        var connection = new FakeConnection();
                        opened.Add(connection);
                        return connection;
                    }
                    finally
                    {
                        Interlocked.Increment(ref ended);
                    }
                },
                wheel,
                options);
            var waiters = new ConcurrentBag<Task<FakeConnection>>();
            TestRun.Together(4, t =>
            {
                var random = new Random(seed + round * 4 + t);
                for (int i = 0; i < 300; i++)
                {
                    switch (random.Next(8))
                    {
                        case 0:
                            link.ResetAsync().AsTask().GetAwaiter().GetResult();
                            break;
                        case 1:
                            link.DisconnectAsync().AsTask().GetAwaiter().GetResult();
                            break;
                        case < 5:
                            link.TryConnect("a");
                            break;
                        default:
                            Task<FakeConnection>? waiter = null;
                            Exception? refused = Record.Exception(() => { waiter = link.GetConnectionAsync(); });
                            Assert.True(refused is null or InvalidOperationException);
                            waiters.Add(waiter ?? Task.FromException<FakeConnection>(refused!));
                            Thread.Sleep(random.Next(3) == 0 ? 1 : 0);
                            break;
                    }
                }
            });
            if (round % 2 == 0)
            {
                // On a busy machine every attempt may have been given up before the thread pool came to it; this one is left alone.
                await link.ResetAsync();
                link.TryConnect("a");
                Task<FakeConnection> last = link.GetConnectionAsync();
                waiters.Add(last);
                await Record.ExceptionAsync(() => last.WaitAsync(TestRun.Patience));
            }

            await link.DisposeAsync();
            foreach (Task<FakeConnection> waiter in waiters)
            {
                Exception? error = await Record.ExceptionAsync(() => waiter.WaitAsync(TestRun.Patience));
                Assert.True(error is null or IOException or StreamRuntimeException or ObjectDisposedException or InvalidOperationException or OperationCanceledException, $"seed {seed}: {error}");
                _ = error is null ? connected++ : failed++;
            }

            await Wait.UntilAsync(() => Volatile.Read(ref ended) == link.GetStatistics().Attempts, TestRun.Patience, "every attempt ends");
            await Wait.UntilAsync(() => opened.All(c => c.Closes > 0), TestRun.Patience, $"every connection is closed (seed {seed})");
            Assert.All(opened, c => Assert.Equal(1, c.Closes));
            Assert.Equal(began, link.GetStatistics().Attempts);
            attempts += began;
            await Wait.UntilAsync(() => wheel.Count == 0, TestRun.Patience, "the wheel holds nothing");
        }

        output.WriteLine($"{attempts} attempts; {connected} waiters got a connection, {failed} an error");
        Assert.NotEqual(0, attempts);
    }
}
