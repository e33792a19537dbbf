using System.Globalization;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Where a parallel read works, and what is said where it can't.</summary>
[Collection(LiveTests.Name)]
public sealed class ParallelPlacesTests(LiveServer server)
{
    private const string Create = "create table if not exists placed as select i as id, repeat('x', 100) as pad from generate_series(1, 30000) i; analyze placed";

    [Fact]
    public async Task Standby_ServesAsTheSource()
    {
        await server.Cluster.PsqlAsync(Create);
        await using PostgresCluster standby = await PostgresCluster.StartAsync(new PostgresClusterOptions { Primary = server.Cluster });
        await Wait.UntilAsync(
            async () => await standby.PsqlAsync("select pg_is_in_recovery() and exists (select 1 from pg_class where relname = 'placed')") == "t",
            TimeSpan.FromSeconds(30),
            "the standby has the table");
        await using PostgresDataSource source = PostgresDataSource.Create(standby.ConnectionString);
        await AssertWholeAsync(source, "id");
        await AssertWholeAsync(source, null);
    }

    [Theory]
    [InlineData(PgBouncerMode.Session)]
    [InlineData(PgBouncerMode.Transaction)]
    public async Task PoolerWithConnectionsEnough_ServesAsTheSource(PgBouncerMode mode)
    {
        await server.Cluster.PsqlAsync(Create);
        await using PgBouncer bouncer = await PgBouncer.StartAsync(server.Cluster, new PgBouncerOptions { Mode = mode, PoolSize = 3 });
        await using PostgresDataSource source = PostgresDataSource.Create(bouncer.ConnectionString);
        await AssertWholeAsync(source, null);
        await AssertWholeAsync(source, "id");
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
    }

    [Fact]
    public async Task PoolerWithTooFewConnections_IsToldSoAndLeavesNothing()
    {
        await server.Cluster.PsqlAsync(Create);
        await using PgBouncer bouncer = await PgBouncer.StartAsync(server.Cluster, new PgBouncerOptions { Mode = PgBouncerMode.Transaction, PoolSize = 2 });
        await using PostgresDataSource source = PostgresDataSource.Create(bouncer.ConnectionString);
        var late = await Assert.ThrowsAsync<StreamRuntimeException>(async () => await source.StreamInParallelAsync(
            PostgresQuery.FromTable("placed"), new ParallelReadOptions { Backends = 3, Partitions = 6 }, new JsonRowStreamOptions { ProgressTimeout = TimeSpan.FromSeconds(2) }));
        Assert.Equal(ErrorKind.Timeout, late.Kind);
        Assert.Contains("pooler", late.Message, StringComparison.Ordinal);
        Assert.Equal(0, source.GetPoolStatistics().Leased);
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
    }

    [Fact]
    public async Task SeveralServers_AreNotMixed()
    {
        await server.Cluster.PsqlAsync(Create);
        await using PostgresCluster other = await PostgresCluster.StartAsync();
        await other.PsqlAsync(Create.Replace("30000", "20000", StringComparison.Ordinal));
        string hosts = string.Create(
            CultureInfo.InvariantCulture,
            $"host={PostgresCluster.Host},{PostgresCluster.Host} port={server.Cluster.Port},{other.Port} user=postgres dbname=postgres load_balance_hosts=random");
        await using PostgresDataSource source = PostgresDataSource.Create(hosts);
        for (int round = 0; round < 10; round++)
        {
            await using ParallelRows rows = await source.StreamInParallelAsync(PostgresQuery.FromTable("placed", "id"), new ParallelReadOptions { Backends = 2, Partitions = 6 });
            int count = (await rows.ReadAllAsync()).Length;
            Assert.True(count is 30_000 or 20_000, $"{count} rows");
        }
    }

    [Fact]
    public async Task SnapshotOfAnotherServer_IsRefusedWithTheReason()
    {
        await server.Cluster.PsqlAsync(Create);
        await using PostgresCluster other = await PostgresCluster.StartAsync();
        await other.PsqlAsync(Create);

        // A balancer in front of both, one address for all.
        await using TurningProxy proxy = TurningProxy.Start(server.Cluster.Port, other.Port);
        await using PostgresDataSource source = PostgresDataSource.Create(
            string.Create(CultureInfo.InvariantCulture, $"host={PostgresCluster.Host} port={proxy.Port} user=postgres dbname=postgres sslmode=disable"));
        var refused = await Assert.ThrowsAsync<StreamRuntimeException>(async () => await source.StreamInParallelAsync(
            PostgresQuery.FromTable("placed"), new ParallelReadOptions { Partitions = 6 }));
        Assert.Equal(ErrorKind.Configuration, refused.Kind);
        Assert.Contains("balancer", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, source.GetPoolStatistics().Leased);
    }

    private static async Task AssertWholeAsync(PostgresDataSource source, string? key)
    {
        await using ParallelRows rows = await source.StreamInParallelAsync(
            PostgresQuery.FromTable("placed", "id"), new ParallelReadOptions { Backends = 3, Partitions = 8, Key = key });
        Assert.Equal(3, rows.Backends);
        ParallelReading.AssertSameSet(Enumerable.Range(1, 30_000).Select(i => $"{{\"id\":{i}}}"), await rows.ReadAllAsync());
    }
}
