using StreamRuntime.Postgres.DataSources;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Resets that go out with the next query, on a real server.</summary>
[Collection(LiveTests.Name)]
public sealed class SessionResetTests(LiveServer server)
{
    private const string State =
        "select current_setting('work_mem') as m, (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as l, pg_backend_pid() as b";

    // By its text it only reads.
    private const string Leaves = "select * from leaving";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task WhatAViewLeaves_IsThereUntilTheNextQuery_AndGoneForIt(int prepareThreshold)
    {
        await LeavingAsync();
        await using PostgresDataSource source = Source("deferring", prepareThreshold, defers: true);
        string before = await StatesAsync(source);
        for (int i = 0; i < 4; i++)
        {
            await source.RowsAsync(Leaves);
            Assert.Equal("idle|1", await IdleAsync("deferring"));
            Assert.Equal(before, await source.RowAsync(State));

            // The last statement calls what is not known to leave nothing, so it was reset at its return.
            await ResetAsync("deferring");
        }

        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task NotDeferred_NothingIsLeftWithAnIdleConnection()
    {
        await LeavingAsync();
        await using PostgresDataSource source = Source("undeferring", 1, defers: false);
        string before = await StatesAsync(source);
        for (int i = 0; i < 4; i++)
        {
            await source.RowsAsync(Leaves);
            await ResetAsync("undeferring");
            Assert.Equal("idle|0", await IdleAsync("undeferring"));
            Assert.Equal(before, await source.RowAsync(State));
        }
    }

    // These have transactions of their own, or want none around them.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task AnyStatement_MayComeBehindADeferredReset(int prepareThreshold)
    {
        await server.Cluster.PsqlAsync(
            "create or replace procedure commits() language plpgsql as $$ begin perform 1; commit; perform 2; rollback; end $$; drop table if exists reset_t; create table reset_t (i int)");
        await using PostgresDataSource source = Source("anything", prepareThreshold, defers: true);
        foreach (string sql in (string[])
        [
            "vacuum reset_t", "call commits()", "create index concurrently on reset_t (i)", "insert into reset_t values (1) returning i", "begin; commit", "selct", "select 1/0 as x",
            "discard all", "listen here", "set transaction isolation level serializable", "select 1 as i",
        ])
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
            }

            Exception? failure = await Record.ExceptionAsync(() => source.RowsAsync(sql));
            Assert.Equal(sql is "begin; commit" or "selct" ? "42601" : sql == "select 1/0 as x" ? "22012" : null, (failure as PostgresServerException)?.SqlState);
            Assert.Equal(failure is null, failure is not PostgresServerException);
        }

        Assert.Equal("1", await server.Cluster.PsqlAsync("select count(*) from reset_t"));
        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task ResetThatIsRefused_LetsTheQueryRunOnceElsewhere()
    {
        await server.Cluster.PsqlAsync(
            "drop table if exists once; create table once (i int); drop role if exists unreset; create role unreset login; grant all on once to unreset");
        try
        {
            await using PostgresDataSource source = PostgresDataSource.Create(server.Options("user=unreset") with { PrepareThreshold = 1 });
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
            }

            await server.Cluster.PsqlAsync("revoke execute on function pg_advisory_unlock_all() from public");
            Assert.Equal("""{"i":1}""", await source.RowAsync("insert into once values (1) returning i"));
            Assert.Equal("1", await server.Cluster.PsqlAsync("select count(*) from once"));
            Assert.Equal(2, source.GetPoolStatistics().Opened);
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
            }

            Assert.Equal(2, source.GetPoolStatistics().Opened);
        }
        finally
        {
            await server.Cluster.PsqlAsync("grant execute on function pg_advisory_unlock_all() to public");
        }
    }

    private Task<string> LeavingAsync() => server.Cluster.PsqlAsync(
        "create or replace function leave() returns int language sql as $$ select set_config('work_mem', '7MB', false); select pg_advisory_lock(815); select 1 $$; "
        + "create or replace view leaving as select leave() as i");

    private PostgresDataSource Source(string application, int prepareThreshold, bool defers) => PostgresDataSource.Create(
        server.Options($"application_name={application}") with { PrepareThreshold = prepareThreshold, DefersSessionResets = defers });

    // Often enough to be prepared, and for the first reset to have shown that there is no pooler.
    private static async Task<string> StatesAsync(PostgresDataSource source)
    {
        string state = "";
        for (int i = 0; i < 4; i++)
        {
            state = await source.RowAsync(State);
            Assert.StartsWith("""{"m":"4MB","l":0,""", state, StringComparison.Ordinal);
        }

        return state;
    }

    private Task<string> IdleAsync(string application) => server.Cluster.PsqlAsync(
        $"select state, (select count(*) from pg_locks l where l.pid = a.pid and locktype = 'advisory') from pg_stat_activity a where application_name = '{application}'");

    private Task ResetAsync(string application) => TestKit.Wait.UntilAsync(
        async () => await server.Cluster.PsqlAsync($"select state, left(query, 11) from pg_stat_activity where application_name = '{application}'") is "idle|SET SESSION" or "idle|DISCARD ALL",
        TimeSpan.FromSeconds(20),
        "the session is reset");
}
