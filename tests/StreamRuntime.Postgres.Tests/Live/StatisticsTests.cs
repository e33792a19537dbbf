using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class StatisticsTests(LiveServer server)
{
    [Fact]
    public async Task Statistics_OfAWholeStream_CountRowsAndBytes()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync(
            LiveStreams.Numbered(20_000), new JsonRowStreamOptions { Where = row => row[^3] == (byte)'x' });
        long bytes = 0;
        while (await stream.ReadBatchAsync())
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                bytes += row.Length;
            }
        }

        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal(StreamState.Complete, statistics.State);
        Assert.Equal(20_000, statistics.RowsDelivered);
        Assert.Equal(bytes, statistics.BytesDelivered);
        Assert.Equal(0, statistics.RowsFiltered);
        Assert.Equal(0, statistics.BufferedBytes);
        Assert.InRange(statistics.PeakBufferedBytes, 1, 256 * 1024);
        Assert.NotNull(statistics.TimeToFirstRow);
        Assert.True(statistics.TimeToFirstRow <= statistics.Elapsed);
        Assert.True(statistics.WaitingTime <= statistics.Elapsed);
    }

    [Fact]
    public async Task Statistics_OfRowsThatArePredicatedAway_CountThem()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync(
            "select i from generate_series(1, 1000) i", new JsonRowStreamOptions { Where = row => row[^2] == (byte)'7' });
        Assert.Equal(100, (await stream.RestAsync()).Count);
        Assert.Equal(900, stream.GetStatistics().RowsFiltered);
    }

    [Fact]
    public async Task Statistics_OfASlowServer_SayThatItWasWaitedFor()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync("select json_build_object('s', pg_sleep(0.3))");
        await stream.RestAsync();

        // The server sleeps 300 ms, of which a slow machine may lose some before the stream exists.
        StreamStatistics statistics = stream.GetStatistics();
        Assert.True(statistics.WaitingTime >= TimeSpan.FromMilliseconds(100), $"{statistics.WaitingTime}");
        Assert.True(statistics.TimeToFirstRow >= TimeSpan.FromMilliseconds(100), $"{statistics.TimeToFirstRow}");
    }

    [Fact]
    public async Task ProgressTimeout_OfASilentServer_CancelsTheQuery()
    {
        await using PostgresDataSource source = server.Source("application_name=silent");
        await using JsonRowStream stream = await source.StreamTextAsync(
            "select json_build_object('s', pg_sleep(60))", new JsonRowStreamOptions { ProgressTimeout = TimeSpan.FromMilliseconds(200) });
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.RestAsync());
        Assert.Equal(ErrorKind.Timeout, error.Kind);
        await server.AssertIdleAsync("silent");
    }

    [Fact]
    public async Task TotalTimeout_OfADrippingServer_CancelsTheQuery()
    {
        await using PostgresDataSource source = server.Source("application_name=drips");
        await using JsonRowStream stream = await source.StreamTextAsync(
            "select json_build_object('s', pg_sleep(0.01), 'p', repeat('x', 9000)) from generate_series(1, 100000)",
            new JsonRowStreamOptions { TotalTimeout = TimeSpan.FromSeconds(2) });
        var rows = new List<string>();
        Assert.Equal(ErrorKind.Timeout, (await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.AddRestAsync(rows))).Kind);
        Assert.NotEmpty(rows);
        await server.AssertIdleAsync("drips");
    }
}
