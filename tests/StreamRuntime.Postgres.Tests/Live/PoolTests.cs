using StreamRuntime.Connections;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Connections that serve one stream after another, on a server that does not always play along.</summary>
[Collection(LiveTests.Name)]
public sealed class PoolTests(LiveServer server, ITestOutputHelper output)
{
    private const string Backend = "select pg_backend_pid() as p";

    [Fact]
    public async Task SecondStream_UsesTheConnectionOfTheFirst()
    {
        await using PostgresDataSource source = server.Source();
        string first = await source.RowAsync(Backend);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(first, await source.RowAsync(Backend));
        }

        PoolStatistics pool = source.GetPoolStatistics();
        Assert.Equal((1, 1L, 6L), (pool.Idle, pool.Opened, pool.Leases));
    }

    [Fact]
    public async Task WhatAQueryLeavesInItsSession_IsGoneForTheNext()
    {
        await using PostgresDataSource source = server.Source("application_name=reset");
        string backend = await source.RowAsync(Backend);
        await source.RowsAsync("select set_config('work_mem', '7MB', false), set_config('application_name', 'changed', false), pg_advisory_lock(4711)::text");
        await source.RowsAsync("create temporary table left_behind (i int)");
        await source.RowsAsync("set time zone 'Asia/Tokyo'");

        Assert.Equal(
            """{"m":"4MB","a":"reset","t":null,"l":0}""",
            await source.RowAsync(
                "select current_setting('work_mem') as m, current_setting('application_name') as a, to_regclass('left_behind') as t, "
                + "(select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as l"));
        Assert.Equal(backend, await source.RowAsync(Backend));
    }

    [Fact]
    public async Task RefusedStatement_KeepsTheConnection()
    {
        await using PostgresDataSource source = server.Source();
        string backend = await source.RowAsync(Backend);
        foreach (string wrong in (string[])["select nowhere", "selct 1", "select 1/(i - 2) as x from generate_series(1, 3) i", "select 1; select 2"])
        {
            await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync(wrong));
            Assert.Equal(backend, await source.RowAsync(Backend));
        }
    }

    [Fact]
    public async Task CancelledStream_KeepsTheConnectionWhereItIsClean()
    {
        await using PostgresDataSource source = server.Source();
        string backend = await source.RowAsync(Backend);
        for (int i = 0; i < 10; i++)
        {
            await using (JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(100_000_000)))
            {
                Assert.True(await stream.ReadBatchAsync());
            }

            Assert.Equal(1, source.GetPoolStatistics().Total);
        }

        Assert.Equal(backend, await source.RowAsync(Backend));
    }

    [Fact]
    public async Task TransactionThatIsLeftOpen_ClosesTheConnection()
    {
        await using PostgresDataSource source = server.Source();
        string backend = await source.RowAsync(Backend);
        await source.RowsAsync("begin");
        Assert.NotEqual(backend, await source.RowAsync(Backend));
        Assert.Equal(1, source.GetPoolStatistics().Total);
    }

    [Theory]
    [InlineData("")]
    [InlineData("application_name=one_trip")]
    public async Task TerminatedWhileIdle_NobodyNotices(string more)
    {
        await using PostgresDataSource source = server.Source(more);
        for (int i = 0; i < 5; i++)
        {
            // Known from the second round on, so that it would be run at once.
            string pid = await source.RowAsync(Backend);
            string number = new([.. pid.Where(char.IsAsciiDigit)]);
            Assert.Equal("t", await server.Cluster.PsqlAsync($"select pg_terminate_backend({number}, 5000)"));
            Assert.NotEqual(pid, await source.RowAsync(Backend));
        }
    }

    [Theory]
    [InlineData(PostgresStopMode.Immediate)]
    [InlineData(PostgresStopMode.Fast)]
    [InlineData(PostgresStopMode.Kill)]
    public async Task RestartWhileIdle_NobodyNotices(PostgresStopMode mode)
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using PostgresDataSource source = PostgresDataSource.Create(cluster.ConnectionString);
        await using (JsonRowStream first = await source.StreamTextAsync("select 1 as i"))
        await using (JsonRowStream second = await source.StreamTextAsync("select 1 as i"))
        {
            Assert.Equal(2, (await first.RestAsync()).Count + (await second.RestAsync()).Count);
        }

        Assert.Equal(2, source.GetPoolStatistics().Idle);
        await cluster.RestartAsync(mode);
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
        Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
    }

    [Fact]
    public async Task ManyClients_FewConnections_RandomCancellation_LeaveNothingBehind()
    {
        const string Application = "storm";
        const int Clients = 200;
        int seed = Random.Shared.Next(1_000_000);
        output.WriteLine($"seed {seed}");
        TimeSpan length = TimeSpan.FromSeconds(LiveStreams.IsFull ? 60 : 4);
        PostgresOptions options = server.Options($"application_name={Application}");
        await using PostgresDataSource source = PostgresDataSource.Create(options with { Pool = new ConnectionPoolOptions { MaxSize = 10, LeaseTimeout = TimeSpan.FromMinutes(1) } });
        long rows = 0;
        long cancelled = 0;
        using var end = new CancellationTokenSource(length);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(seed + client);
            while (!end.IsCancellationRequested)
            {
                using var cancellation = new CancellationTokenSource();
                if (random.Next(3) == 0)
                {
                    cancellation.CancelAfter(random.Next(40));
                }

                try
                {
                    int count = 1 + random.Next(2_000);
                    await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(count, 20), null, cancellation.Token);
                    int next = 0;
                    while (await stream.ReadBatchAsync(cancellation.Token))
                    {
                        next = stream.CountBatch(next);
                    }

                    Assert.Equal(count, next);
                    Interlocked.Add(ref rows, count);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cancelled);
                }
            }
        }))).WaitAsync(length + TimeSpan.FromMinutes(2));

        PoolStatistics pool = source.GetPoolStatistics();
        output.WriteLine($"{rows} rows, {cancelled} cancelled; {pool}");
        Assert.True(rows > 0 && cancelled > 0);
        await source.AssertSettledAsync(server.Cluster, Application);
        await source.AssertGoneAfterDisposalAsync(server.Cluster, Application);
    }
}
