using StreamRuntime.Connections;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>What a service that runs for months would see: handles, timers and memory after thousands of streams, some of which go wrong.</summary>
[Collection(MeasuredTests.Name)]
public sealed class PoolLeakTests(LiveServer server, ITestOutputHelper output)
{
    private const string Application = "cycles";

    [Fact]
    public async Task ManyCycles_WithFaults_LeaveHandlesAndTimersFlat()
    {
        int cycles = LiveStreams.IsFull ? 10_000 : 1_000;
        await using PostgresDataSource source = PostgresDataSource.Create(
            ConnectionString.Parse($"{server.Cluster.ConnectionString} application_name={Application}") with { Pool = new ConnectionPoolOptions { MaxSize = 4 } });
        await RunAsync(source, 100);
        await source.AssertSettledAsync(server.Cluster, Application);
        Footprint before = Footprint.Take();

        await RunAsync(source, cycles);

        await source.AssertSettledAsync(server.Cluster, Application);
        Footprint after = Footprint.Take();
        output.WriteLine($"{cycles} cycles: {before}, then {after}; {source.GetPoolStatistics()}");

        // The pool may hold up to four connections where it held fewer; a leak would be one in every tenth cycle.
        const int Slack = 16;
        Assert.InRange(after.Handles, 0, before.Handles + Slack);
        Assert.InRange(after.Timers, 0, before.Timers + Slack);
        Assert.InRange(after.Threads, 0, before.Threads + 2 * Slack);
        Assert.InRange(after.HeapBytes, 0, before.HeapBytes + 1_000 * 1_000);
        await source.AssertGoneAfterDisposalAsync(server.Cluster, Application);
    }

    private static async Task RunAsync(PostgresDataSource source, int cycles)
    {
        for (int i = 0; i < cycles; i++)
        {
            switch (i % 10)
            {
                case 3:
                    await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select 1 / 0"));
                    break;
                case 5:
                    // Its connection is closed: a transaction is left open.
                    await source.RowsAsync("begin");
                    break;
                case 7:
                    await using (JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(100_000)))
                    {
                        Assert.True(await stream.ReadBatchAsync());
                    }

                    break;
                case 9:
                    using (var cancellation = new CancellationTokenSource())
                    {
                        Task<int> read = ReadAsync(source, cancellation.Token);
                        await cancellation.CancelAsync();
                        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
                    }

                    break;
                default:
                    await source.RowsAsync("select 1 as i");
                    break;
            }
        }
    }

    private static async Task<int> ReadAsync(PostgresDataSource source, CancellationToken cancellationToken)
    {
        await using JsonRowStream stream = await source.StreamTextAsync("select pg_sleep(60)", null, cancellationToken);
        return await stream.ReadBatchAsync(cancellationToken) ? 1 : 0;
    }

    private sealed record Footprint(int Handles, long Timers, int Threads, long HeapBytes)
    {
        public static Footprint Take()
        {
            // Twice, with the finalizers in between: what nobody closed would otherwise hide behind what nobody needs.
            for (int i = 0; i < 2; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            return new Footprint(Directory.GetFiles("/proc/self/fd").Length, Timer.ActiveCount, ThreadPool.ThreadCount, GC.GetTotalMemory(forceFullCollection: true));
        }
    }
}
