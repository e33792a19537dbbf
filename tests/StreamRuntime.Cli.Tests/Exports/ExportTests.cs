using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Exports;

public sealed class ExportTests : IAsyncLifetime
{
    private PostgresCluster _cluster = null!;
    private string _folder = "";

    public async Task InitializeAsync()
    {
        _cluster = await PostgresCluster.StartAsync();
        _folder = TestFolder.Create("export");
        await _cluster.PsqlAsync("""
            create table t as select id, json_build_object('id', id, 'text', 'zeile ' || id || ' ä') as data from generate_series(1, 50000) as id;
            create index on t (id);
            analyze t
            """);
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Export_ToAFile_HasEveryRowOnce()
    {
        string file = Path.Combine(_folder, "t.ndjson");
        (int code, string output, string errors) = await Streamrt.RunAsync(
            "export", "t", "--source", _cluster.Uri, "--parallel", "2", "--columns", "data", "--output", file, "--progress", "always", "--stats");
        Assert.Equal((0, ""), (code, output));
        Assert.Equal((await _cluster.PsqlAsync("select data from t")).Split('\n').Order(), (await File.ReadAllLinesAsync(file)).Order());
        string[] lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"Complete: 50,000 rows, .*, 100%, (\d+) of \1 partitions$", lines[^2]);
        Assert.Equal(50_000, JsonDocument.Parse(lines[^1]).RootElement.GetProperty("rows").GetInt32());
    }

    [Fact]
    public async Task Export_WithKey_IsByteIdenticalToPsqlInOrder()
    {
        await using Streamrt run = Streamrt.Start("export", "public.t", "--source", _cluster.Uri, "--key", "id desc");
        byte[] output = await run.ReadToEndAsync();
        Assert.Equal(0, await run.WaitForExitAsync());
        Assert.Equal(await _cluster.PsqlBytesAsync("select data from t order by id desc"), output);
    }

    [Fact]
    public async Task Export_ToAFolder_WritesAFileForEachBackend()
    {
        string folder = Path.Combine(_folder, "parts") + "/";
        string[] arguments = ["export", "t", "--source", _cluster.Uri, "--parallel", "3", "--output", folder, "--stats"];
        (int code, _, string errors) = await Streamrt.RunAsync(arguments);
        Assert.Equal(0, code);
        Assert.Equal("Complete", JsonDocument.Parse(errors).RootElement.GetProperty("state").GetString());
        string[] files = [.. Directory.EnumerateFiles(folder).Order()];
        Assert.Equal(["t-1.ndjson", "t-2.ndjson", "t-3.ndjson"], files.Select(Path.GetFileName));
        Assert.Equal(
            (await _cluster.PsqlAsync("select row_to_json(t) from t")).Split('\n').Order(), files.SelectMany(File.ReadAllLines).Order());

        // Files of an earlier export could be more than this one's.
        (int again, _, string refused) = await Streamrt.RunAsync(arguments);
        Assert.Equal(1, again);
        Assert.Contains("earlier export", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_InParallel_IsWhatTheQueryGives()
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(
            "query", "--source", _cluster.Uri, "--parallel", "2", "--key", "id", "select id, id % :n as rest from t where id > 100", "--param", "n=7");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal(Enumerable.Range(101, 49_900).Select(i => $"{{\"id\":{i},\"rest\":{i % 7}}}"), output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("query", "--key", "id", "select 1")]
    [InlineData("query", "--parallel", "0", "select 1")]
    [InlineData("query", "--parallel", "2", "select count(*) from t")]
    [InlineData("query", "--parallel", "2", "--unordered", "select id from t")]
    [InlineData("export", "--parallel", "2")]
    [InlineData("export", "t; drop table t")]
    [InlineData("export", "t", "--columns", "count(*)")]
    public async Task WrongUse_ExitsWith2AndSaysWhatHelps(params string[] arguments)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync([.. arguments, "--source", _cluster.Uri]);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("streamrt: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_NoSuchTable_ExitsWith1()
    {
        (int code, _, string errors) = await Streamrt.RunAsync("export", "nowhere", "--source", _cluster.Uri);
        Assert.Equal(1, code);
        Assert.Contains("42P01", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_Interrupted_LeavesNothingRunning()
    {
        await _cluster.PsqlAsync("create table big as select i as id, repeat('x', 1000) as pad from generate_series(1, 100000) i; analyze big");
        await using Streamrt run = Streamrt.Start("export", "big", "--source", _cluster.Uri);
        await run.ReadExactlyAsync(1000);
        Assert.Equal(2, await _cluster.CountActiveQueriesAsync());
        run.Signal(UnixSignal.Interrupt);

        // Our end of the pipe is still full: the server must not have to wait for it.
        await Wait.UntilAsync(async () => await _cluster.CountActiveQueriesAsync() == 0, Streamrt.Limit, "no query runs on the server");
        byte[] rest = await run.ReadToEndAsync();
        Assert.Equal(130, await run.WaitForExitAsync());
        Assert.Equal((byte)'\n', rest[^1]);
    }
}
