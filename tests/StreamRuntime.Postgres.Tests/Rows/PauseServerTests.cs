using System.Diagnostics;
using System.Globalization;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>A pause as the server sees it: its sending comes to a halt.</summary>
[Collection(AloneCollection.Name)]
public sealed class PauseServerTests
{
    // Send and receive buffers of both ends, as Linux lets them grow at most by default.
    private const long KernelBytes = 32 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly string Filler = new('x', 1000);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20_000)]
    public async Task Paused_ServerStallsAndMemoryIsFlat_ResumeGoesOnAtTheNextRow(int rowsBefore)
    {
        const int Rows = 120_000;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
            await c.SendAsync(Conversation.DescribedJson);
            await c.ExpectAsync("BES");
            await c.SendAsync(BindComplete);
            for (int i = 0; i < Rows; i += 60)
            {
                await c.SendAsync([.. Enumerable.Range(i, 60).Select(Row)]);
            }

            await c.SendAsync(CommandComplete("SELECT"), ReadyForQuery());
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        int next = 0;
        while (next < rowsBefore)
        {
            Assert.True(await stream.ReadBatchAsync());
            next = Check(stream.CurrentBatch, next);
        }

        await stream.PauseAsync("test");

        // What was received is still handed out; then the read waits.
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        long stalledAt = await WaitUntilStalledAsync(server);
        Assert.False(read.IsCompleted);
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        await StaysAsync(() => server.SentBytes == stalledAt && !read.IsCompleted);
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - memory < 1024 * 1024, "memory grew");
        Assert.True(stalledAt - (next * 1030L) < KernelBytes, $"{stalledAt} bytes were sent for {next} rows read");
        Assert.True(stream.GetStatistics().BufferedBytes <= 1024 * 1024);
        Assert.Equal(StreamState.Paused, stream.State);

        await stream.ResumeAsync();
        while (await read.WaitAsync(Limit))
        {
            next = Check(stream.CurrentBatch, next);
            read = stream.ReadBatchAsync().AsTask();
        }

        Assert.Equal(Rows, next);
        Assert.Equal(StreamState.Complete, stream.State);
    }

    [Fact]
    public async Task PausedInAPendingRead_ThatReadEnds_AndNoFurtherReceiveStarts()
    {
        var turn = new SemaphoreSlim(0);
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
            await c.SendAsync(Conversation.DescribedJson);
            await c.ExpectAsync("BES");
            byte[] rows = Join([BindComplete, .. Enumerable.Range(0, 50_000).Select(Row)]);
            Assert.True(await turn.WaitAsync(Limit / 4));
            await c.SendAsync(rows.AsMemory());
            await c.SendAsync(CommandComplete("SELECT 50000"), ReadyForQuery());
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        Task<bool> pending = stream.ReadBatchAsync().AsTask();
        await stream.PauseAsync();
        turn.Release();
        int next = 0;
        if (await Task.WhenAny(pending, WaitUntilStalledAsync(server)) == pending)
        {
            // The receive that was under way may end with rows; it is the last.
            Assert.True(await pending);
            next = Check(stream.CurrentBatch, next);
            pending = stream.ReadBatchAsync().AsTask();
        }

        long stalledAt = await WaitUntilStalledAsync(server);
        await StaysAsync(() => server.SentBytes == stalledAt && !pending.IsCompleted);
        await stream.ResumeAsync();
        while (await pending.WaitAsync(Limit))
        {
            next = Check(stream.CurrentBatch, next);
            pending = stream.ReadBatchAsync().AsTask();
        }

        Assert.Equal(50_000, next);
    }

    private static byte[] Row(int index) => DataRow($"{{\"i\":{index.ToString(CultureInfo.InvariantCulture)},\"x\":\"{Filler}\"}}");

    private static int Check(RowBatch batch, int next)
    {
        foreach (JsonRow row in batch)
        {
            ReadOnlySpan<byte> text = row.Span;
            Assert.True(text.StartsWith("{\"i\":"u8));
            Assert.True(System.Buffers.Text.Utf8Parser.TryParse(text[5..], out int index, out _));
            Assert.Equal(next, index);
            next++;
        }

        return next;
    }

    private static async Task<long> WaitUntilStalledAsync(ScriptedServer server)
    {
        long seen = -1;
        long since = 0;
        await Wait.UntilAsync(
            () =>
            {
                long sent = server.SentBytes;
                if (sent != seen)
                {
                    seen = sent;
                    since = Stopwatch.GetTimestamp();
                }

                return Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(1);
            },
            Limit,
            "the server stalls");
        return seen;
    }

    private static async Task StaysAsync(Func<bool> holds)
    {
        long started = Stopwatch.GetTimestamp();
        bool held = true;
        await Wait.UntilAsync(
            () =>
            {
                held = holds();
                return !held || Stopwatch.GetElapsedTime(started) > TimeSpan.FromMilliseconds(500);
            },
            Limit,
            "half a second");
        Assert.True(held, "something moved while paused");
    }
}
