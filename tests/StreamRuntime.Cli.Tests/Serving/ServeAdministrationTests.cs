using System.Net;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>What whoever runs <c>streamrt serve</c> sees of it and does to it.</summary>
public sealed class ServeAdministrationTests
{
    [Fact]
    public async Task Health_IsReadyUntilItDrains()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=1000000000", "--drain-time", "20s");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, "healthz"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, "readyz"));
        using var socket = new RowsSocket(served.Address, "rows/rows");
        await socket.ConnectAsync();
        Task reading = socket.ReadToEndAsync();

        served.Signal(UnixSignal.Terminate);

        await Wait.UntilAsync(async () => await StatusAsync(served, "readyz") == HttpStatusCode.ServiceUnavailable, Streamrt.Limit, "it is not ready");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, "healthz"));
        await socket.TellAsync("cancel");
        await reading;
        Assert.Equal(0, await served.WaitForExitAsync());
    }

    [Fact]
    public async Task Administrator_ListsPausesResumesAndCloses()
    {
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(["--source", "sample:rows=1000000000", .. administrator.Arguments]);
        using var socket = new RowsSocket(served.Address, "rows/rows");
        await socket.ConnectAsync();
        Task reading = socket.ReadToEndAsync();
        await socket.FirstRow.Task.WaitAsync(Streamrt.Limit);
        JsonElement session = (await administrator.ListAsync(served)).GetProperty("sessions").EnumerateArray().Single();
        long id = session.GetProperty("id").GetInt64();
        Assert.Equal(
            ("rows", "websocket", "127.0.0.1", "Open"),
            (Text(session, "endpoint"), Text(session, "transport"), Text(session, "client"), Text(session, "state")));

        Assert.Equal(HttpStatusCode.OK, await administrator.DoAsync(served, id, "pause?reason=backup"));
        JsonElement list = await administrator.ListAsync(served);
        Assert.Equal((0, 1), (list.GetProperty("runningStreams").GetInt32(), list.GetProperty("pausedStreams").GetInt32()));
        Assert.Equal("backup", Text(list.GetProperty("sessions")[0], "pauseReason"));
        await Wait.UntilAsync(() => socket.Messages.Any(m => m.Contains("backup", StringComparison.Ordinal)), Streamrt.Limit, "the client is told");
        long rows = await RowsAsync();
        await Task.Delay(300);
        Assert.Equal(rows, await RowsAsync());

        Assert.Equal(HttpStatusCode.OK, await administrator.DoAsync(served, id, "resume"));
        await Wait.UntilAsync(async () => await RowsAsync() > rows, Streamrt.Limit, "rows come again");

        Assert.Equal(HttpStatusCode.OK, await administrator.DoAsync(served, id, "close"));
        await reading.WaitAsync(Streamrt.Limit);
        Assert.Equal(1000, socket.CloseCode);
        await administrator.QuietAsync(served);
        Assert.Equal(HttpStatusCode.NotFound, await administrator.DoAsync(served, id, "close"));

        async Task<long> RowsAsync() => (await administrator.ListAsync(served)).GetProperty("sessions")[0].GetProperty("rows").GetInt64();
    }

    [Fact]
    public async Task Log_OfEveryLevel_HoldsNoToken()
    {
        const string Token = "0123456789abcdef-secret";
        string file = Path.Combine(TestFolder.Create("serve"), "tokens");
        await File.WriteAllTextAsync(file, Token + "\n");
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=10", "--token-file", file, "--log-level", "debug", "--log-format", "json");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, $"rows/rows?access_token={Token}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(served, $"rows/rows?access_token={Token}-wrong"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(served, $"rows/rows?access_token={Token}&unknown=1"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(served, $"rows/none?access_token={Token}"));
        using (var socket = new RowsSocket(served.Address, $"rows/rows?access_token={Token}"))
        {
            await socket.ConnectAsync();
            await socket.ReadToEndAsync();
            Assert.Equal(10, socket.Rows);
        }

        Assert.Equal(0, await served.StopAsync());
        Assert.Contains("Session ", served.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, served.Errors, StringComparison.Ordinal);
        foreach (string line in served.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith("streamrt:", StringComparison.Ordinal)))
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            Assert.NotNull(entry.RootElement.GetProperty("Category").GetString());
        }
    }

    [Fact]
    public async Task Variables_AreRead_AndTheCommandLineWins()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(
            [("STREAMRT_SERVE__SOURCE", "sample:rows=1000000000"), ("STREAMRT_SERVE__MAX_STREAMS", "1"), ("STREAMRT_SERVE__NO_PAGE", "true"), ("STREAMRT_SERVE__ENDPOINTS__numbers", "")]);
        using (HttpResponseMessage first = await served.Http.GetAsync(new Uri("rows/numbers", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead))
        {
            using HttpResponseMessage second = await served.Http.GetAsync(new Uri("rows/numbers", UriKind.Relative));
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (first.StatusCode, second.StatusCode));
            Assert.Equal(TimeSpan.FromSeconds(5), second.Headers.RetryAfter!.Delta);
        }

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(served, ""));
        await using ServedProgram overridden = await ServedProgram.StartAsync([("STREAMRT_SERVE__SOURCE", "sample:rows=1000000000")], "--source", "sample:rows=2");
        Assert.Equal(2, (await overridden.Http.GetStringAsync(new Uri("rows/rows", UriKind.Relative))).Count(c => c == '\n'));
    }

    [Fact]
    public async Task Variable_ThatIsNoSetting_IsRefused()
    {
        await using Streamrt run = Streamrt.StartProgram("dotnet", [Streamrt.Program, "serve", "--source", "sample"], ("STREAMRT_SERVE__MAX_STREAM", "1"));
        Assert.Equal(2, await run.WaitForExitAsync());
        Assert.Contains("max-stream", run.Errors, StringComparison.Ordinal);
    }

    // Each time that the help names as a default is the one in force.
    [Fact]
    public async Task Help_NamesEveryOptionAndTheRealDefaults()
    {
        (int code, string help, _) = await Streamrt.RunAsync("serve", "--help");

        Assert.Equal(0, code);
        var defaults = AspNetCore.StreamGatewayOptions.Default;
        AssertDefault("--max-connections", "20000", defaults.MaxConnections == 20_000);
        AssertDefault("--max-connections-per-address", "1000", defaults.MaxConnectionsPerAddress == 1000);
        AssertDefault("--max-streams", "1000", defaults.MaxRunningStreams == 1000);
        AssertDefault("--max-paused", "10000", defaults.MaxPausedStreams == 10_000);
        AssertDefault("--handshake-timeout", "10s", defaults.HandshakeTimeout == TimeSpan.FromSeconds(10));
        AssertDefault("--idle-timeout", "60s", defaults.IdleTimeout == TimeSpan.FromSeconds(60));
        AssertDefault("--ping-interval", "15s", defaults.PingInterval == TimeSpan.FromSeconds(15));
        AssertDefault("--pong-timeout", "30s", defaults.PongTimeout == TimeSpan.FromSeconds(30));
        AssertDefault("--unread-timeout", "60s", defaults.UnreadTimeout == TimeSpan.FromSeconds(60));
        AssertDefault("--pause-timeout", "never", defaults.PauseTimeout == Timeout.InfiniteTimeSpan);
        AssertDefault("--drain-time", "5s", defaults.DrainTime == TimeSpan.FromSeconds(5));
        AssertDefault("--shutdown-timeout", "30s", defaults.ShutdownTimeout == TimeSpan.FromSeconds(30));
        AssertDefault("--pool-size", "100", Connections.ConnectionPoolOptions.Default.MaxSize == 100);
        AssertDefault("--pool-timeout", "15s", Connections.ConnectionPoolOptions.Default.LeaseTimeout == TimeSpan.FromSeconds(15));

        void AssertDefault(string option, string value, bool isInForce)
        {
            string line = help.Split('\n').Single(l => l.TrimStart().StartsWith(option + " ", StringComparison.Ordinal));
            Assert.Contains($"default: {value})", line, StringComparison.Ordinal);
            Assert.True(isInForce, option);
        }
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static async Task<HttpStatusCode> StatusAsync(ServedProgram served, string path)
    {
        using HttpResponseMessage response = await served.Http.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode;
    }
}
