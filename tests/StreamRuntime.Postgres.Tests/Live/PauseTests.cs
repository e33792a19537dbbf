using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(MeasuredTests.Name)]
public sealed class PauseTests(LiveServer server)
{
    // More than the kernel's buffers on both sides hold.
    private const int Rows = 60_000;
    private const int Padding = 1000;
    private const long MiB = 1024 * 1024;

    [Fact]
    public async Task Pause_InMidStream_StopsTheServerKeepsMemoryAndLosesNothing()
    {
        await using PostgresDataSource source = server.Source("application_name=paused");
        await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(Rows, Padding));
        int last = 0;
        while (last < 5000 && await stream.ReadBatchAsync())
        {
            last = stream.CountBatch(last);
        }

        await stream.PauseAsync("for lunch");
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        long memory = ManagedMemory();
        long resident = Environment.WorkingSet;
        long sent = await WaitUntilStalledAsync("paused");

        // Held, however long one looks. The kernels still trade window probes, each of which may squeeze some more into the receive buffer.
        for (int look = 0; look < 20; look++)
        {
            Assert.InRange((await OnlyConnectionAsync()).SentBytes - sent, 0, MiB);
        }

        Assert.False(read.IsCompleted);
        Assert.Equal(StreamState.Paused, stream.State);
        Assert.InRange(ManagedMemory() - memory, long.MinValue, MiB);

        // What the looking itself needs (processes, their output) is in this one too.
        Assert.InRange(Environment.WorkingSet - resident, long.MinValue, 8 * MiB);

        await stream.ResumeAsync();
        Assert.True(await read);
        Assert.Equal(Rows, await stream.CountOnAsync(stream.CountBatch(last)));
        Assert.Equal(StreamState.Complete, stream.State);
        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal((1, "for lunch", (long)Rows), (statistics.Pauses, statistics.PauseReason, statistics.RowsDelivered));
        Assert.True(statistics.PausedTime > TimeSpan.Zero);
    }

    [Fact]
    public async Task Pause_BeforeTheFirstRow_HoldsItBack()
    {
        await using PostgresDataSource source = server.Source("application_name=first");
        await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(Rows, Padding));
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await WaitUntilStalledAsync("first");
        Assert.False(read.IsCompleted);
        Assert.Equal(0, stream.GetStatistics().BufferedBytes);
        await stream.ResumeAsync();
        Assert.True(await read);
        Assert.Equal(Rows, await stream.CountOnAsync(stream.CountBatch(0)));
    }

    [Fact]
    public async Task Pause_DuringAPendingRead_HoldsWhatComesAfterIt()
    {
        await using PostgresDataSource source = server.Source("application_name=pendingpause");
        await using JsonRowStream stream = await source.StreamTextAsync(
            $"select d from (select json_build_object('i', 1, 's', pg_sleep(0.5)) as d union all select json_build_object('i', i, 'pad', repeat('x', {Padding})) from generate_series(2, {Rows}) i) _");
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await stream.PauseAsync();

        // The receive that was under way may still bring rows; the next one does not start.
        Assert.True(await read);
        int last = stream.CountBatch(0);
        Task<bool> held = stream.ReadBatchAsync().AsTask();
        await WaitUntilStalledAsync("pendingpause");
        Assert.False(held.IsCompleted);
        await stream.ResumeAsync();
        Assert.True(await held);
        Assert.Equal(Rows, await stream.CountOnAsync(stream.CountBatch(last)));
    }

    [Fact]
    public async Task Pause_RacingTheEnd_EitherPausesOrFindsItEnded()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Cluster.SocketConnectionString);
        int rounds = LiveStreams.IsFull ? 3000 : 100;
        int paused = 0;
        for (int round = 0; round < rounds; round++)
        {
            await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(200));
            Task<int> reading = Task.Run(() => stream.CountOnAsync(0));
            try
            {
                await stream.PauseAsync();
                await stream.ResumeAsync();
                paused++;
            }
            catch (StreamRuntimeException late) when (late.Kind == ErrorKind.StreamEnded)
            {
                Assert.Equal(StreamState.Complete, stream.State);
            }

            Assert.Equal(200, await reading);
            Assert.Equal(StreamState.Complete, stream.State);
        }

        Assert.True(paused > 0);
    }

    [Fact]
    public async Task Toggles_DuringOneStream_LoseAndDoubleNothing()
    {
        int toggles = LiveStreams.IsFull ? 1_000_000 : 20_000;
        await using PostgresDataSource source = server.Source("application_name=toggles");
        await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(100_000_000));
        using var enough = new CancellationTokenSource();
        int last = 0;
        Task reading = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested && await stream.ReadBatchAsync())
            {
                last = stream.CountBatch(last);
            }
        });

        for (int toggle = 0; toggle < toggles; toggle++)
        {
            await stream.PauseAsync();
            await stream.ResumeAsync();
        }

        await enough.CancelAsync();
        await reading;
        Assert.Equal(toggles, stream.GetStatistics().Pauses);
        Assert.True(last > 0);
        Assert.Equal(last, stream.GetStatistics().RowsDelivered);
    }

    [Fact]
    public async Task PauseTimeout_ResumesByItself()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync(
            LiveStreams.Numbered(Rows, Padding), new JsonRowStreamOptions { PauseTimeout = TimeSpan.FromMilliseconds(100) });
        await stream.PauseAsync();
        Assert.Equal(Rows, await stream.CountOnAsync(0));
    }

    [Fact]
    public async Task Pause_LongerThanTheProgressTimeout_IsNoTimeout()
    {
        await using PostgresDataSource source = server.Source("application_name=progress");
        var limit = TimeSpan.FromSeconds(1);
        await using JsonRowStream stream = await source.StreamTextAsync(
            LiveStreams.Numbered(Rows, Padding), new JsonRowStreamOptions { ProgressTimeout = limit });
        Assert.True(await stream.ReadBatchAsync());
        int last = stream.CountBatch(0);
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await Wait.UntilAsync(() => stream.GetStatistics().PausedTime > 3 * limit, TimeSpan.FromSeconds(20), "the pause outlasts the limit");
        await stream.ResumeAsync();
        Assert.True(await read);
        Assert.Equal(Rows, await stream.CountOnAsync(stream.CountBatch(last)));
    }

    /// <summary>Waits until the server sends no more; gives what it has sent by then.</summary>
    private async Task<long> WaitUntilStalledAsync(string application)
    {
        await server.WaitForEventAsync(application, "ClientWrite");
        long sent = -1;
        int same = 0;
        await Wait.UntilAsync(
            async () =>
            {
                long now = (await OnlyConnectionAsync()).SentBytes;
                same = now == sent ? same + 1 : 0;
                sent = now;
                return same == 10;
            },
            TimeSpan.FromSeconds(20),
            "the server stops sending");
        return sent;
    }

    private async Task<ServerConnection> OnlyConnectionAsync() => Assert.Single(await server.Cluster.ListConnectionsAsync());

    private static long ManagedMemory() => GC.GetTotalMemory(forceFullCollection: true);
}
