using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A server that goes away in mid-stream is an error, never an end.</summary>
public sealed class RestartTests
{
    private const string Slow = "select json_build_object('i', i, 'pad', repeat('x', 9000), 's', pg_sleep(0.001)) from (select generate_series(1, 100000000) as i) _";

    [Theory]
    [InlineData(PostgresStopMode.Immediate)]
    [InlineData(PostgresStopMode.Fast)]
    [InlineData(PostgresStopMode.Kill)]
    public async Task Server_GoingAwayInMidStream_IsATransientErrorAndTheNextStreamWorks(PostgresStopMode mode)
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using PostgresDataSource source = PostgresDataSource.Create(cluster.ConnectionString);
        await using JsonRowStream running = await source.StreamTextAsync(Slow);
        Assert.True(await running.ReadBatchAsync());

        // Read from here on, or it would be blocked soon as well.
        Task reading = running.CountBatchesAsync();
        await using JsonRowStream blocked = await source.StreamTextAsync(LiveStreams.Numbered(100_000_000));
        Assert.True(await blocked.ReadBatchAsync());
        int last = blocked.CountBatch(0);
        await Wait.UntilAsync(
            async () => await cluster.PsqlAsync("select count(*) from pg_stat_activity where wait_event = 'ClientWrite'") == "1",
            TimeSpan.FromSeconds(20),
            "one stream is blocked");
        await cluster.RestartAsync(mode);

        await running.AssertLostAsync(() => reading);

        // What the kernel already had is still delivered, in order, and then the error.
        await blocked.AssertLostAsync(() => blocked.CountOnAsync(last));
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
    }

    [Fact]
    public async Task Backend_Terminated_IsItsError()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using PostgresDataSource source = PostgresDataSource.Create(cluster.ConnectionString);
        await using JsonRowStream stream = await source.StreamTextAsync("select json_build_object('s', pg_sleep(3600))");
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await Wait.UntilAsync(
            async () => await cluster.PsqlAsync("select bool_or(pg_terminate_backend(pid)) from pg_stat_activity where wait_event = 'PgSleep'") == "t",
            TimeSpan.FromSeconds(20),
            "the backend is terminated");

        var error = await Assert.ThrowsAsync<PostgresServerException>(() => read);
        Assert.Equal(("57P01", "FATAL", true), (error.SqlState, error.ServerMessage.Severity, error.IsTransient));
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Fact]
    public async Task Server_ThatIsDown_IsATransientConnectError()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using PostgresDataSource source = PostgresDataSource.Create(cluster.ConnectionString);
        await using PostgresDataSource socket = PostgresDataSource.Create(cluster.SocketConnectionString);
        await cluster.StopAsync();
        foreach (PostgresDataSource down in (PostgresDataSource[])[source, socket])
        {
            var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => down.RowsAsync("select 1"));
            Assert.Equal((ErrorKind.ConnectFailed, true), (error.Kind, error.IsTransient));
        }

        await cluster.StartAgainAsync();
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
        Assert.Equal("""{"i":1}""", await socket.RowAsync("select 1 as i"));
    }
}
