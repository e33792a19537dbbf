using System.Net;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>Clients of <c>streamrt serve</c> that come back, to the same node or another.</summary>
public sealed class ServeResumeTests : IAsyncLifetime
{
    private const string Endpoint = "t=select data, id from t";
    private const string Active = "select count(*) from pg_stat_activity where backend_type = 'client backend' and state <> 'idle' and pid <> pg_backend_pid()";

    private PostgresCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = await PostgresCluster.StartAsync();
        await _cluster.PsqlAsync(
            "create table t as select id, json_build_object('id', id, 'text', repeat('ä', id % 200)) as data from generate_series(1, 50000) as id;\n"
            + "alter table t add primary key (id)");
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Node_Killed_AnotherGoesOn(bool inPostgres)
    {
        string folder = Path.Combine(TestFolder.Create("ring"), "keys");
        string[] arguments = ["--source", _cluster.Uri, "--endpoint", Endpoint, "--key", "t=id", "--resume-keys", inPostgres ? "postgres" : folder];

        // At the same time, so that both find no key yet.
        ServedProgram[] nodes = await Task.WhenAll(ServedProgram.StartAsync(arguments), ServedProgram.StartAsync(arguments));
        await using ServedProgram first = nodes[0];
        await using ServedProgram second = nodes[1];
        if (inPostgres)
        {
            Assert.Equal("1", await _cluster.PsqlAsync("select count(*) from streamruntime_keys"));
        }
        else
        {
            Assert.Single(Directory.GetFiles(folder, "*.xml"));
        }

        using var kept = new MemoryStream();
        using var pending = new MemoryStream();
        string? token = null;
        using (HttpResponseMessage response = await first.Http.GetAsync(new Uri("rows/t?control=lines", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead))
        using (var reader = new StreamReader(await response.Content.ReadAsStreamAsync()))
        {
            // To the third checkpoint, and some rows more, which are forgotten.
            for (int checkpoints = 0; checkpoints < 3;)
            {
                string line = (await reader.ReadLineAsync())!;
                if (TokenOf(line) is { } next)
                {
                    token = next;
                    checkpoints++;
                    pending.WriteTo(kept);
                    pending.SetLength(0);
                }
                else
                {
                    pending.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
                }
            }

            Assert.NotNull(await reader.ReadLineAsync());
            first.Signal(UnixSignal.Kill);
            await first.WaitForExitAsync();
        }

        byte[] rest = await second.Http.GetByteArrayAsync(new Uri($"rows/t?resume={token}", UriKind.Relative));
        kept.Write(rest);
        byte[] expected = await _cluster.PsqlBytesAsync("select data from t order by id");
        Assert.True(kept.ToArray().AsSpan().SequenceEqual(expected), "The rows of both nodes are not those of the table.");

        using HttpResponseMessage refused = await second.Http.GetAsync(new Uri($"rows/t?resume={token![..^4]}AAAA", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Pause_LongerThanParkAfter_GivesTheConnectionBackAndGoesOnExactly()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", _cluster.Uri, "--endpoint", Endpoint, "--key", "t=id", "--park-after", "200ms");
        using var socket = new RowsSocket(served.Address, "rows/t");
        await socket.ConnectAsync();
        Task reading = socket.ReadToEndAsync();
        await socket.TellAsync("pause");
        await Wait.UntilAsync(() => socket.Messages.Any(m => m.Contains("paused", StringComparison.Ordinal)), Streamrt.Limit, "it is paused");
        await Wait.UntilAsync(async () => await _cluster.PsqlAsync(Active) == "0", Streamrt.Limit, "the connection is given back");
        await socket.TellAsync("resume");
        await reading.WaitAsync(Streamrt.Limit);
        Assert.Equal(50000, socket.Rows);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await _cluster.PsqlBytesAsync("select data from t order by id"))), socket.Sha256);
    }

    [Fact]
    public async Task Settings_OfAFile_GiveAnEndpointItsKey()
    {
        string folder = TestFolder.Create("settings");
        string file = Path.Combine(folder, "serve.json");
        const string Settings = """
            {"Serve": {"source": "SOURCE", "checkpoint-rows": 10, "endpoints": {
              "keyed": {"sql": "select data, id from t where id <= :id", "key": "id desc", "parameters": {"id": {"type": "WholeNumber"}}},
              "plain": "select data from t"}}}
            """;
        await File.WriteAllTextAsync(file, Settings.Replace("SOURCE", _cluster.Uri, StringComparison.Ordinal));
        await using ServedProgram served = await ServedProgram.StartAsync("--config", file);
        string[] lines = (await served.Http.GetStringAsync(new Uri("rows/keyed?id=3&control=lines", UriKind.Relative))).Split('\n');
        Assert.StartsWith("{\"id\" : 3,", lines[0], StringComparison.Ordinal);
        Assert.NotNull(TokenOf(lines[3]));

        using HttpResponseMessage plain = await served.Http.GetAsync(new Uri($"rows/plain?resume={TokenOf(lines[3])}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, plain.StatusCode);
        using HttpResponseMessage other = await served.Http.GetAsync(new Uri($"rows/keyed?id=4&resume={TokenOf(lines[3])}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        Assert.Contains("other parameter values", await other.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("--key", "u=id", "there is no endpoint u")]
    [InlineData("--key", "id", "--key takes NAME=COLUMNS")]
    [InlineData("--key", "t=id sideways", "The key can't be used")]
    public async Task Options_ThatMakeNoSense_ExitWith2(string option, string value, string message)
    {
        (int code, _, string errors) = await Streamrt.RunAsync("serve", "--source", _cluster.Uri, "--endpoint", Endpoint, option, value);
        Assert.Equal(2, code);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    private static string? TokenOf(string line)
    {
        if (!line.StartsWith("{\"$stream\"", StringComparison.Ordinal))
        {
            return null;
        }

        using JsonDocument json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("$stream").TryGetProperty("token", out JsonElement token) ? token.GetString() : null;
    }
}
