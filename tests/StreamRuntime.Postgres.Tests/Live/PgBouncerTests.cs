using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class PgBouncerTests(LiveServer server)
{
    public static TheoryData<PgBouncerMode> Modes => [PgBouncerMode.Session, PgBouncerMode.Transaction];

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task EitherMode_StreamsWithParametersErrorsAndDefaults(PgBouncerMode mode)
    {
        await using PgBouncer bouncer = await PgBouncer.StartAsync(server.Cluster, new PgBouncerOptions { Mode = mode, PoolSize = 2 });
        await using PostgresDataSource source = PostgresDataSource.Create(bouncer.ConnectionString);

        await using (JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(100_000)))
        {
            Assert.Equal(100_000, await stream.CountOnAsync(0));
        }

        int low = 3;
        string text = "it's";
        Assert.Equal(["""{"i":3,"t":"it's"}"""], await source.RowsOfAsync($"select i, {text}::text as t from generate_series(1, 5) i where i = {low}"));
        Assert.Equal("""{"r":{"f1":1,"f2":"a"}}""", await source.RowAsync("select row(1, 'a') as r"));
        Assert.Equal("42703", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select nowhere"))).SqlState);
        Assert.Equal("22012", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select 1/(5-i) as x from generate_series(1, 10) i"))).SqlState);
        Assert.Equal("""{"n":"streamruntime"}""", await source.RowAsync("select current_setting('application_name') as n"));
        Assert.DoesNotContain("startup parameter", bouncer.Log, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task EitherMode_EarlyDispose_CancelsThroughTheBouncer(PgBouncerMode mode)
    {
        await using PgBouncer bouncer = await PgBouncer.StartAsync(server.Cluster, new PgBouncerOptions { Mode = mode, PoolSize = 1 });
        await using PostgresDataSource source = PostgresDataSource.Create($"{bouncer.ConnectionString} application_name=bounced");
        foreach (string sql in (string[])["select json_build_object('s', pg_sleep(3600))", LiveStreams.Numbered(1_000_000_000)])
        {
            JsonRowStream stream = await source.StreamTextAsync(sql);
            Task<bool> read = stream.ReadBatchAsync().AsTask();
            await server.WaitForEventAsync("bounced", sql[..20]);
            await stream.DisposeAsync();
            await server.AssertIdleAsync("bounced");
            try
            {
                Assert.True(await read);
            }
            catch (ObjectDisposedException)
            {
                Assert.Equal(StreamState.Error, stream.State);
            }

            // The only server connection of the pool serves the next one.
            Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
        }
    }

    [Fact]
    public async Task TransactionMode_ManyStreams_OneAfterTheOtherAndTogether()
    {
        await using PgBouncer bouncer = await PgBouncer.StartAsync(server.Cluster, new PgBouncerOptions { Mode = PgBouncerMode.Transaction, PoolSize = 2 });
        await using PostgresDataSource source = PostgresDataSource.Create(bouncer.ConnectionString);
        int streams = LiveStreams.IsFull ? 5000 : 300;
        for (int i = 0; i < streams; i++)
        {
            Assert.Equal([$"{{\"i\":{i}}}"], await source.RowsOfAsync($"select {i} as i"));
        }

        await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(5000));
            Assert.Equal(5000, await stream.CountOnAsync(0));
        }));
    }

    [Fact]
    public async Task ScramLogin_AtTheBouncer_LetsIn()
    {
        await server.Cluster.PsqlAsync("drop role if exists pooled; create role pooled login");
        await using PgBouncer bouncer = await PgBouncer.StartAsync(
            server.Cluster, new PgBouncerOptions { AuthenticationType = "scram-sha-256", Users = [new("pooled", "word")] });
        string text = $"host={PgBouncer.Host} port={bouncer.Port} dbname=postgres user=pooled";
        await using PostgresDataSource source = PostgresDataSource.Create($"{text} password=word");
        Assert.Equal("""{"current_user":"pooled"}""", await source.RowAsync("select current_user"));

        await using PostgresDataSource wrong = PostgresDataSource.Create($"{text} password=wrong");
        var error = await Assert.ThrowsAsync<PostgresServerException>(() => wrong.RowsAsync("select 1"));
        Assert.Contains("authentication failed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pause_ThroughTheBouncer_LosesNothing()
    {
        await using PgBouncer bouncer = await PgBouncer.StartAsync(server.Cluster);
        await using PostgresDataSource source = PostgresDataSource.Create($"{bouncer.ConnectionString} application_name=bouncedpause");
        await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(50_000, 1000));
        Assert.True(await stream.ReadBatchAsync());
        int last = stream.CountBatch(0);
        await stream.PauseAsync();
        await server.WaitForEventAsync("bouncedpause", "ClientWrite");
        await stream.ResumeAsync();
        Assert.Equal(50_000, await stream.CountOnAsync(last));
    }
}
