using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class CancelTests(LiveServer server)
{
    // Hours of work whose output, if any, is one row.
    private const string Computing = "select json_build_object('n', count(*)) from generate_series(1, 10000) a, generate_series(1, 10000) b, generate_series(1, 10000) c";
    private const string Endless = "select json_build_object('i', i, 'pad', repeat('x', 100)) from (select generate_series(1, 1000000000) as i) _";

    [Theory]
    [InlineData(Computing)]
    [InlineData("select json_build_object('s', pg_sleep(3600))")]
    [InlineData(Endless)]
    [InlineData("select to_json(repeat('x', 30000000)) from generate_series(1, 100000)")]
    public async Task Dispose_BeforeAnyRead_EndsTheQuery(string sql)
    {
        await using PostgresDataSource source = server.Source("application_name=unread");
        JsonRowStream stream = await source.StreamTextAsync(sql);
        await stream.DisposeAsync();
        Assert.Equal(StreamState.Error, stream.State);
        await server.AssertIdleAsync("unread");
    }

    [Fact]
    public async Task Dispose_WhileTheServerIsBlockedOnAFullSocket_EndsTheQuery()
    {
        await using PostgresDataSource source = server.Source("application_name=blocked");
        JsonRowStream stream = await source.StreamTextAsync(Endless);
        Assert.True(await stream.ReadBatchAsync());
        await server.WaitForEventAsync("blocked", "ClientWrite");
        await stream.DisposeAsync();
        await server.AssertIdleAsync("blocked");
    }

    [Fact]
    public async Task Dispose_WhilePausedOnAFullSocket_EndsTheQuery()
    {
        await using PostgresDataSource source = server.Source("application_name=pausedblocked");
        JsonRowStream stream = await source.StreamTextAsync(Endless);
        Assert.True(await stream.ReadBatchAsync());
        await stream.PauseAsync("to be disposed");
        await server.WaitForEventAsync("pausedblocked", "ClientWrite");
        await stream.DisposeAsync();
        Assert.Equal(StreamState.Error, stream.State);
        await server.AssertIdleAsync("pausedblocked");
    }

    [Fact]
    public async Task Dispose_WhileReadingWaits_EndsTheReadAndTheQuery()
    {
        await using PostgresDataSource source = server.Source("application_name=pending");
        JsonRowStream stream = await source.StreamTextAsync(Computing);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await server.WaitForEventAsync("pending", "active");
        Assert.False(read.IsCompleted);
        await stream.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
        await server.AssertIdleAsync("pending");
    }

    [Fact]
    public async Task Break_OutOfTheLoop_EndsTheQuery()
    {
        await using PostgresDataSource source = server.Source("application_name=broken");
        int rows = 0;
        await using (JsonRowStream stream = await source.StreamTextAsync(Endless))
        {
            await foreach (JsonRow row in stream)
            {
                if (++rows == 10)
                {
                    break;
                }
            }
        }

        await server.AssertIdleAsync("broken");
    }

    [Theory]
    [InlineData(Computing)]
    [InlineData("select json_build_object('s', pg_sleep(3600))")]
    public async Task Token_WhileTheServerIsSilent_ThrowsCanceledAndEndsTheQuery(string sql)
    {
        await using PostgresDataSource source = server.Source("application_name=token");
        await using JsonRowStream stream = await source.StreamTextAsync(sql);
        using var cancel = new CancellationTokenSource();
        Task<bool> read = stream.ReadBatchAsync(cancel.Token).AsTask();
        await server.WaitForEventAsync("token", "active");
        await cancel.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);

        Assert.Equal(cancel.Token, error.CancellationToken);
        Assert.Equal(StreamState.Error, stream.State);
        await server.AssertIdleAsync("token");
    }

    [Fact]
    public async Task Token_InMidStream_ThrowsCanceledAndEndsTheQuery()
    {
        await using PostgresDataSource source = server.Source("application_name=midtoken");
        await using JsonRowStream stream = await source.StreamTextAsync(Endless);
        using var cancel = new CancellationTokenSource();
        int last = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await stream.ReadBatchAsync(cancel.Token))
            {
                last = stream.CountBatch(last);
                if (last > 50_000 && !cancel.IsCancellationRequested)
                {
                    await cancel.CancelAsync();
                }
            }
        });
        await server.AssertIdleAsync("midtoken");
    }

    [Fact]
    public async Task Token_WhileStartingWaitsForALock_EndsTheWaitOnTheServerToo()
    {
        await server.Cluster.PsqlAsync("drop table if exists locked; create table locked (data json)");
        await using PostgresDataSource source = server.Source();
        JsonRowStream holder = await source.StreamTextAsync("do $$ begin lock table locked; perform pg_sleep(3600); end $$");
        await Wait.UntilAsync(
            async () => await server.Cluster.PsqlAsync("select count(*) from pg_locks where relation = 'locked'::regclass and granted and mode = 'AccessExclusiveLock'") == "1",
            TimeSpan.FromSeconds(20),
            "the lock is held");

        await using PostgresDataSource waiting = server.Source("application_name=waiting");
        using var cancel = new CancellationTokenSource();
        Task<JsonRowStream> start = waiting.StreamTextAsync("select data from locked", null, cancel.Token).AsTask();
        await server.WaitForEventAsync("waiting", "relation");
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        await server.AssertIdleAsync("waiting");
        await holder.DisposeAsync();
    }

    [Fact]
    [SuppressMessage("Reliability", "CA2012", Justification = "Each is awaited once, as a task.")]
    public async Task Dispose_ManyTimesFromManyThreads_EndsOnce()
    {
        await using PostgresDataSource source = server.Source("application_name=many");
        JsonRowStream stream = await source.StreamTextAsync(Endless);
        Assert.True(await stream.ReadBatchAsync());
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => await stream.DisposeAsync())));
        await server.AssertIdleAsync("many");
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await stream.ReadBatchAsync());
    }

    [Fact]
    public async Task Dispose_OverTheUnixSocket_EndsTheQuery()
    {
        await using PostgresDataSource source = PostgresDataSource.Create($"{server.Cluster.SocketConnectionString} application_name=unix");
        JsonRowStream stream = await source.StreamTextAsync(Endless);
        Assert.True(await stream.ReadBatchAsync());
        await server.WaitForEventAsync("unix", "ClientWrite");
        await stream.DisposeAsync();
        await server.AssertIdleAsync("unix");
    }

    [Fact]
    public async Task Drain_OfMoreThanItsLimit_ClosesTheConnectionInstead()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options("application_name=nodrain") with { CancelDrainBytes = 0 });
        JsonRowStream stream = await source.StreamTextAsync(Endless);
        Assert.True(await stream.ReadBatchAsync());
        await server.WaitForEventAsync("nodrain", "ClientWrite");
        await stream.DisposeAsync();
        await server.AssertIdleAsync("nodrain");
    }
}
