using System.Diagnostics;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Streams;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>A stream that is given up: what the server hears, and how long the client takes.</summary>
public sealed class CancelTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly byte[] Row = DataRow("{\"i\":1}");

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(32)]
    [InlineData(255)]
    [InlineData(256)]
    public async Task DisposeEarly_CancelsWithTheServersKey(int keyBytes)
    {
        byte[] key = new byte[keyBytes];
        new Random(keyBytes).NextBytes(key);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool goodbye = false;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            if (c.Number > 0)
            {
                try
                {
                    await c.StartUpAsync();
                }
                finally
                {
                    cancelled.TrySetResult();
                }

                return;
            }

            await StartAsync(c, new ScriptedStartUp { ProcessId = -5, Secret = key });
            await c.SendAsync(BindComplete, Row);
            await cancelled.Task;
            await c.SendAsync(Row, ErrorResponse("57014", "canceling statement due to user request"), ReadyForQuery());
            goodbye = (await c.ReadMessageAsync())?.Type == 'X';
        });
        await ReadOneAndDisposeAsync(Outcome.OptionsFor(server));
        Assert.NotEmpty(server.CancelRequests);
        CancelRequest cancel = server.CancelRequests[0];
        Assert.Equal(-5, cancel.ProcessId);
        Assert.Equal(key, cancel.Secret);
        await Wait.UntilAsync(() => goodbye, Limit, "the client says goodbye on a connection that was drained");
    }

    [Fact]
    public async Task DisposeEarly_NoKey_JustCloses()
    {
        var closed = new TaskCompletionSource();
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await StartAsync(c, new ScriptedStartUp { Secret = null });
            await c.SendAsync(BindComplete, Row);
            try
            {
                await c.DrainAsync();
            }
            finally
            {
                closed.SetResult();
            }
        });
        await ReadOneAndDisposeAsync(Outcome.OptionsFor(server));
        await closed.Task.WaitAsync(Limit);
        Assert.Single(server.Connections);
        Assert.Empty(server.CancelRequests);
    }

    [Theory]
    [InlineData("sends rows for ever")]
    [InlineData("sends one row for ever")]
    [InlineData("is silent")]
    [InlineData("sends notices for ever")]
    public async Task DisposeEarly_ServerIgnoresTheCancel_IsClosedInTime(string how)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await StartAsync(c, new ScriptedStartUp());
            await c.SendAsync(BindComplete, Row);
            byte[] many = how switch
            {
                "sends rows for ever" => Join(Enumerable.Repeat(Row, 4000)),
                "sends notices for ever" => Join(Enumerable.Repeat(NoticeResponse("n"), 4000)),
                "is silent" => [],
                _ => new byte[64 * 1024],
            };
            await c.SendAsync((how == "sends one row for ever" ? RawWithLength('D', 1_000_000_000) : []).AsMemory());
            while (many.Length > 0)
            {
                await c.SendAsync(many.AsMemory());
            }

            await c.DrainAsync();
        });
        PostgresOptions options = Outcome.OptionsFor(server) with { CancelTimeout = TimeSpan.FromSeconds(1), CancelDrainBytes = 1L << 40 };
        TimeSpan took = await ReadOneAndDisposeAsync(options);
        Assert.True(took < Limit / 2, $"it took {took}");
        await Wait.UntilAsync(() => server.CancelRequests.Count > 0, Limit, "the cancel request");
    }

    [Fact]
    public async Task DisposeEarly_MoreThanTheDrainBytes_IsCancelledAndClosedBeforeTheTimeout()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await StartAsync(c, new ScriptedStartUp());
            await c.SendAsync(BindComplete);
            byte[] many = Join(Enumerable.Repeat(Row, 4000));
            while (true)
            {
                await c.SendAsync(many.AsMemory());
            }
        });
        await using var source = PostgresDataSource.Create(
            Outcome.OptionsFor(server) with { CancelTimeout = TimeSpan.FromSeconds(60), CancelDrainBytes = 100_000 });
        JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        Assert.True(await stream.ReadBatchAsync());

        // More than the drain takes lies ready, so it never waits for any.
        await Wait.UntilAsync(() => server.SentBytes > 1_000_000, Limit, "a megabyte");
        await stream.DisposeAsync().AsTask().WaitAsync(Limit);
        Assert.NotEmpty(server.CancelRequests);
    }

    [Theory]
    [InlineData("refuses")]
    [InlineData("resets")]
    [InlineData("never closes")]
    public async Task DisposeEarly_CancelConnectionFails_IsClosedInTime(string how)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            if (c.Number > 0)
            {
                if (how == "resets")
                {
                    c.Cut(CutKind.Reset);
                }
                else
                {
                    await c.DrainAsync();
                }

                return;
            }

            await StartAsync(c, new ScriptedStartUp());
            await c.SendAsync(BindComplete, Row);
            await c.DrainAsync();
        });
        PostgresOptions options = Outcome.OptionsFor(server) with { CancelTimeout = TimeSpan.FromMilliseconds(300) };
        await using var source = PostgresDataSource.Create(options);
        JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        Assert.True(await stream.ReadBatchAsync());
        if (how == "refuses")
        {
            server.StopAccepting();
        }

        long started = Stopwatch.GetTimestamp();
        await stream.DisposeAsync().AsTask().WaitAsync(Limit);
        Assert.True(Stopwatch.GetElapsedTime(started) < Limit / 2);
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CancelledToken_InAPendingRead_CancelsOnTheServer(bool whilePaused)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await StartAsync(c, new ScriptedStartUp());
            await c.SendAsync(BindComplete, Row);
            await c.DrainAsync();
        });
        using var cancel = new CancellationTokenSource();
        await using var source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        Assert.True(await stream.ReadBatchAsync(cancel.Token));
        if (whilePaused)
        {
            await stream.PauseAsync();
        }

        Task<bool> pending = stream.ReadBatchAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.WaitAsync(Limit));
        Assert.Equal(StreamState.Error, stream.State);
        Assert.NotEmpty(server.CancelRequests);
    }

    [Fact]
    public async Task CompleteStream_SendsNoCancelAndSaysGoodbye()
    {
        bool goodbye = false;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await Conversation.Json(3).PlayAsync(c);
            goodbye = (await c.ReadMessageAsync())?.Type == 'X';
        });
        Assert.True((await Outcome.ReadAsync(Outcome.OptionsFor(server))).IsComplete);
        await Wait.UntilAsync(() => goodbye, Limit, "the goodbye");
        Assert.Single(server.Connections);
    }

    [Theory]
    [InlineData(SslMode.Disable)]
    [InlineData(SslMode.Require)]
    public async Task LargeParameter_ServerDoesNotRead_IsATimeoutAndNoHang(SslMode mode)
    {
        using var authority = new TestKit.Certificates.CertificateAuthority();
        using var certificate = authority.IssueServer();
        var left = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            if (c.Number > 0)
            {
                // Before this connection closes, there is room again for the client to write into, but not for all it has.
                cancelled.SetResult();
                await taken.Task;
                await c.StartUpAsync(mode == SslMode.Require ? new ScriptedStartUp { Certificate = certificate } : null);
                return;
            }

            await StartAsync(c, mode == SslMode.Require ? new ScriptedStartUp { Certificate = certificate } : new ScriptedStartUp(), hearQuery: false);
            await cancelled.Task;
            using var quiet = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            byte[] some = new byte[64 * 1024];
            try
            {
                while (await c.Stream.ReadAsync(some, quiet.Token) > 0)
                {
                }
            }
            catch (OperationCanceledException)
            {
                // Everything the kernel held has been read.
            }

            taken.SetResult();
            await left.Task;
        });
        var query = new PostgresQuery("select $1::json", [PostgresParameter.From(new string('x', 40_000_000))]);
        await using var source = PostgresDataSource.Create(Outcome.OptionsFor(server) with { SslMode = mode, CancelTimeout = Limit / 2 });
        Task<JsonRowStream> start = source.StreamAsync(query, new JsonRowStreamOptions { ProgressTimeout = TimeSpan.FromSeconds(2) }).AsTask();
        StreamRuntimeException failure;
        try
        {
            failure = await Assert.ThrowsAsync<StreamRuntimeException>(() => start.WaitAsync(Limit));
        }
        finally
        {
            left.SetResult();
        }

        Assert.Equal(ErrorKind.Timeout, failure.Kind);
        Assert.NotEmpty(server.CancelRequests);
    }

    [Fact]
    public async Task Drain_LargeNotice_TakesFewReceives()
    {
        var server = new MemoryServer(Conversation.Json(1).WithResult(Join(
            BindComplete, Row, NoticeResponse(new string('x', 1_000_000)), CommandComplete("SELECT 1"), ReadyForQuery())).Parts);
        var counting = new DribbleStream(server, Segmentation.Whole);
        JsonRowStream stream = await Outcome.StartAsync(counting, new PostgresOptions { User = "postgres" }, null);
        Assert.True(await stream.ReadBatchAsync());
        await stream.DisposeAsync();
        Assert.True(counting.Pieces < 100, $"{counting.Pieces} receives");
    }

    private static async Task StartAsync(ScriptedConnection connection, ScriptedStartUp startUp, bool hearQuery = true)
    {
        await connection.StartUpAsync(startUp);
        await connection.ExpectAsync("PDH");
        await connection.SendAsync(Conversation.DescribedJson);
        if (hearQuery)
        {
            await connection.ExpectAsync("BES");
        }
    }

    private static async Task<TimeSpan> ReadOneAndDisposeAsync(PostgresOptions options)
    {
        await using var source = PostgresDataSource.Create(options);
        JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        Assert.True(await stream.ReadBatchAsync());
        long started = Stopwatch.GetTimestamp();
        await stream.DisposeAsync().AsTask().WaitAsync(Limit * 3);
        Assert.Equal(StreamState.Error, stream.State);
        return Stopwatch.GetElapsedTime(started);
    }
}
