using System.Globalization;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>What must be true of a pool after whatever happened to it.</summary>
internal static class PoolFigures
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Waits until nothing is under way, and the server has as many connections of this application as the pool says.</summary>
    public static async Task AssertSettledAsync(this PostgresDataSource source, PostgresCluster cluster, string application)
    {
        await Wait.UntilAsync(
            () => source.GetPoolStatistics() is { Leased: 0, Opening: 0, Closing: 0, Waiting: 0 }, Limit, "all connections came back, and every lease was answered");
        await Wait.UntilAsync(
            async () => await CountAsync(cluster, application) == source.GetPoolStatistics().Total, Limit, "the server sees as many connections as the pool");
        PoolStatistics end = source.GetPoolStatistics();
        Assert.InRange(end.Total, 0, source.Options.Pool.MaxSize);
    }

    /// <summary>Disposes the data source, and waits until the server has none of its connections left.</summary>
    public static async Task AssertGoneAfterDisposalAsync(this PostgresDataSource source, PostgresCluster cluster, string application)
    {
        await source.DisposeAsync();
        await Wait.UntilAsync(async () => await CountAsync(cluster, application) == 0, Limit, "the server has no connection left");
    }

    /// <summary>Checks that a stream ends with an error that says the server went, whatever rows come before it, and that it may be tried again.</summary>
    public static async Task AssertLostAsync(this JsonRowStream stream, Func<Task> read)
    {
        // "Promptly" is held by the deadline of the wait: no timeout of ours is anywhere near it.
        var error = await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => read().WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(
            error.Kind == ErrorKind.ConnectionLost || error is PostgresServerException { SqlState: "57P01" or "57P02" },
            $"{error.Kind}: {error.Message}");
        Assert.True(error.IsTransient);
        Assert.Equal(StreamState.Error, stream.State);
    }

    private static async Task<int> CountAsync(PostgresCluster cluster, string application) => int.Parse(
        await cluster.PsqlAsync($"select count(*) from pg_stat_activity where application_name = '{application}'"), CultureInfo.InvariantCulture);
}
