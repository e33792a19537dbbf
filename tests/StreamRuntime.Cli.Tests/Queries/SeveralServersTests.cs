using System.Globalization;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Queries;

/// <summary>A source that names two servers, the first of which is lost on the way to the first row.</summary>
public sealed class SeveralServersTests : IAsyncLifetime
{
    private const string Read = "select data from t";
    private PostgresCluster _second = null!;

    public async Task InitializeAsync()
    {
        _second = await PostgresCluster.StartAsync();
        await _second.PsqlAsync("create table t as select '{\"server\":2}'::json as data");
    }

    public async Task DisposeAsync() => await _second.DisposeAsync();

    [Fact]
    public async Task Query_FirstServerRefuses_IsAnsweredByTheSecond()
    {
        await using ScriptedServer first = ScriptedServer.Start(c => c.DrainAsync());
        first.StopAccepting();
        await AssertAnsweredAsync(first.Port, Read);
    }

    [Fact]
    public async Task Query_FirstServerAcceptsAndIsSilent_IsAnsweredByTheSecond()
    {
        await using ScriptedServer first = ScriptedServer.Start(c => c.DrainAsync());
        await AssertAnsweredAsync(first.Port, Read, "&connect_timeout=2");
        Assert.NotEmpty(first.Connections);
    }

    [Theory]
    [InlineData(Read)]
    [InlineData("insert into t values ('{\"server\":2}') returning data")]
    public async Task Query_FirstServerLostBeforeTheStatementRan_IsAnsweredByTheSecond(string sql)
    {
        await using ScriptedServer first = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
        });
        JsonElement pool = await AssertAnsweredAsync(first.Port, sql);
        Assert.Equal((2, 1), (pool.GetProperty("opened").GetInt32(), pool.GetProperty("broken").GetInt32()));
    }

    [Fact]
    public async Task Query_FirstServerLostWhileAReadRan_IsAnsweredByTheSecond()
    {
        await using ScriptedServer first = ScriptedServer.Start(RunAndLeaveAsync);
        await AssertAnsweredAsync(first.Port, Read);
    }

    [Theory]
    [InlineData("insert into t values ('{\"server\":2}') returning data")]
    [InlineData("select f()")]
    public async Task Query_FirstServerLostWhileAnythingElseRan_ExitsWith1AndRunsNothingTwice(string sql)
    {
        await _second.PsqlAsync("create table calls (i int); create function f() returns json language sql as $$ insert into calls values (1); select '1'::json $$");
        await using ScriptedServer first = ScriptedServer.Start(RunAndLeaveAsync);
        (int code, string output, string errors) = await Streamrt.RunAsync("query", "--source", Source(first.Port), sql);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("before the result was complete", errors, StringComparison.Ordinal);
        Assert.Equal("1,0", (await _second.PsqlAsync("select (select count(*) from t) || ',' || (select count(*) from calls)")).Trim());
    }

    [Fact]
    public async Task Query_FirstServerLostAfterTheFirstRow_ExitsWith1WithTheRowsItHad()
    {
        await using ScriptedServer first = ScriptedServer.Start(async c =>
        {
            await DescribeAsync(c);
            await c.ExpectAsync("BES");
            await c.SendAsync(BackendMessages.Join(BackendMessages.BindComplete, BackendMessages.DataRow("{\"server\":1}")));
        });
        (int code, string output, _) = await Streamrt.RunAsync("query", "--source", Source(first.Port), Read);
        Assert.Equal((1, "{\"server\":1}\n"), (code, output));
    }

    [Fact]
    public async Task Query_FirstServerCrashesWhileTheReadWaits_IsAnsweredByTheSecond()
    {
        await using PostgresCluster first = await PostgresCluster.StartAsync();
        await first.PsqlAsync("create table t as select '{\"server\":1}'::json as data");
        Task<string> locking = first.PsqlAsync("begin; lock table t; select pg_sleep(600)");
        await Wait.UntilAsync(
            async () => await first.PsqlAsync("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = 't'::regclass") == "1", Streamrt.Limit, "t is locked");
        await using Streamrt run = Streamrt.Start("query", "--source", Source(first.Port), Read);
        await Wait.UntilAsync(async () => await first.PsqlAsync("select count(*) from pg_locks where not granted") == "1", Streamrt.Limit, "the query waits");
        await first.StopAsync(PostgresStopMode.Immediate);

        Assert.Equal("{\"server\":2}\n"u8.ToArray(), await run.ReadToEndAsync());
        Assert.Equal(0, await run.WaitForExitAsync());
        await Assert.ThrowsAnyAsync<Exception>(() => locking);
    }

    private static async Task RunAndLeaveAsync(ScriptedConnection c)
    {
        await DescribeAsync(c);
        await c.ExpectAsync("BES");
    }

    private static async Task DescribeAsync(ScriptedConnection c)
    {
        const int JsonOid = 114;
        await c.StartUpAsync();
        await c.ExpectAsync("PDH");
        await c.SendAsync(BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.ParameterDescription(), BackendMessages.RowDescription(("data", JsonOid))));
    }

    private string Source(int firstPort, string more = "") => string.Create(
        CultureInfo.InvariantCulture, $"postgres://postgres@127.0.0.1:{firstPort},127.0.0.1:{_second.Port}/postgres?sslmode=disable{more}");

    /// <summary>Runs the query; gives the connections' figures.</summary>
    private async Task<JsonElement> AssertAnsweredAsync(int firstPort, string sql, string more = "")
    {
        (int code, string output, string errors) = await Streamrt.RunAsync("query", "--source", Source(firstPort, more), sql, "--stats", "--pool");
        Assert.Equal((0, "{\"server\":2}\n"), (code, output));
        JsonElement statistics = JsonDocument.Parse(errors).RootElement;
        Assert.Equal(("Complete", 1), (statistics.GetProperty("state").GetString(), statistics.GetProperty("rows").GetInt32()));
        JsonElement pool = statistics.GetProperty("pool");
        Assert.Equal((0, 0, 0), (pool.GetProperty("leased").GetInt32(), pool.GetProperty("opening").GetInt32(), pool.GetProperty("waiting").GetInt32()));
        return pool.Clone();
    }
}
