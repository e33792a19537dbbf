using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Queries;

public sealed class PostgresQueryTests : IAsyncLifetime
{
    private const string Endless = "select json_build_object('id', id, 'text', repeat('x', 200)) from (select generate_series(1, 1000000000) as id) as ids";

    private PostgresCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = await PostgresCluster.StartAsync();
        await _cluster.PsqlAsync("create table t as select id, json_build_object('id', id, 'text', 'zeile ' || id || ' ä') as data from generate_series(1, 20000) as id");
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Query_JsonColumn_IsByteIdenticalToPsql()
    {
        const string Sql = "select data from t order by id";
        await using Streamrt run = Streamrt.Start("query", "--source", _cluster.Uri, Sql);
        byte[] output = await run.ReadToEndAsync();
        Assert.Equal(0, await run.WaitForExitAsync());
        Assert.Equal(await _cluster.PsqlBytesAsync(Sql), output);
    }

    [Fact]
    public async Task Query_Parameters_AreValuesAndNotText()
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(
            "query", "--source", _cluster.SocketConnectionString, "select :text as text, :id::int as id", "--param", "text=a'; drop table t --", "--param", "id=5");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal("{\"text\":\"a'; drop table t --\",\"id\":5}\n", output);
    }

    [Fact]
    public async Task Query_ServerError_ExitsWith1AndMarksThePlace()
    {
        (int code, string output, string errors) = await Streamrt.RunAsync("query", "--source", _cluster.Uri, "select data\nfrom nowhere");
        Assert.Equal((1, ""), (code, output));
        Assert.Equal("streamrt: ERROR 42P01: relation \"nowhere\" does not exist\n  line 2: from nowhere\n               ^\n", errors);
    }

    [Fact]
    public async Task Query_MissingParameter_ExitsWith2()
    {
        (int code, _, string errors) = await Streamrt.RunAsync("query", "--source", _cluster.Uri, "select :id");
        Assert.Equal(2, code);
        Assert.Contains("id", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_NoServer_ExitsWith1()
    {
        (int code, _, string errors) = await Streamrt.RunAsync("query", "--source", "host=127.0.0.1 port=1 user=u dbname=d", "select 1");
        Assert.Equal(1, code);
        Assert.StartsWith("streamrt: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_Notice_GoesToStandardError()
    {
        await _cluster.PsqlAsync("create function f() returns int language plpgsql as $$ begin raise notice 'hello'; return 1; end $$");
        (int code, string output, string errors) = await Streamrt.RunAsync("query", "--source", _cluster.Uri, "select f() as f");
        Assert.Equal((0, "{\"f\":1}\n"), (code, output));
        Assert.Contains("NOTICE", errors, StringComparison.Ordinal);
        Assert.Contains("hello", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_WhatTheConnectionStringLeavesOut_IsWarnedOf()
    {
        string passwords = Path.Combine(TestFolder.Create("pass"), "pgpass");
        await File.WriteAllTextAsync(passwords, "*:*:*:*:secret\n");
        await CommandLine.RunAsync("chmod", ["640", passwords]);
        (int code, string output, string errors) = await Streamrt.RunAsync(
            "query", "--source", $"{_cluster.ConnectionString} sslcert=/nowhere/client.crt passfile={passwords}", "select 1 as one");
        Assert.Equal((0, "{\"one\":1}\n"), (code, output));
        string[] lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith($"streamrt: warning: The password file {passwords} is ignored: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("streamrt: warning: The file that sslcert names does not exist", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_WarningAndNoServer_WarnsBeforeItFails()
    {
        (int code, _, string errors) = await Streamrt.RunAsync(
            "query", "--source", "host=127.0.0.1 port=1 user=u dbname=d sslcert=/nowhere/client.crt", "select 1");
        Assert.Equal(1, code);
        Assert.StartsWith("streamrt: warning: ", errors, StringComparison.Ordinal);
        Assert.Equal(2, errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Query_ClosedPipe_LeavesNoQueryOnTheServer()
    {
        (int code, string output, string errors) = await Streamrt.RunShellAsync($"set -o pipefail; $0 query --source '{_cluster.Uri}' \"{Endless}\" | head -n 10");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal(10, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await Wait.UntilAsync(async () => await _cluster.CountActiveQueriesAsync() == 0, Streamrt.Limit, "no query runs on the server");
    }

    [Fact]
    public async Task Query_Limit_LeavesNoQueryOnTheServer()
    {
        (int code, _, string errors) = await Streamrt.RunAsync("query", "--source", _cluster.Uri, Endless, "--limit", "5", "--stats");
        Assert.Equal(0, code);
        Assert.Equal(5, JsonDocument.Parse(errors).RootElement.GetProperty("rows").GetInt32());
        await Wait.UntilAsync(async () => await _cluster.CountActiveQueriesAsync() == 0, Streamrt.Limit, "no query runs on the server");
    }

    [Fact]
    public async Task Query_InterruptedWhileOutputIsBlocked_EndsTheQueryOnTheServerFirst()
    {
        await using Streamrt run = Streamrt.Start("query", "--source", _cluster.Uri, Endless);
        await run.ReadExactlyAsync(1000);
        run.Signal(UnixSignal.Interrupt);

        // Our end of the pipe is still full: the server must not have to wait for it.
        await Wait.UntilAsync(async () => await _cluster.CountActiveQueriesAsync() == 0, Streamrt.Limit, "no query runs on the server");
        byte[] rest = await run.ReadToEndAsync();
        Assert.Equal(130, await run.WaitForExitAsync());
        Assert.Equal((byte)'\n', rest[^1]);
    }
}
