using System.Globalization;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.Cli.Tests.Serving;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Watching;

/// <summary><c>streamrt top</c> on gateways that serve.</summary>
public sealed class TopTests
{
    private const string Endless = "sample:rows=1000000000";

    [Fact]
    public async Task BusyGateway_IsShownAsItsOwnStatisticsShowIt()
    {
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(["--source", Endless, .. administrator.Arguments]);
        using var running = new RowsSocket(served.Address, "rows/rows");
        using var paused = new RowsSocket(served.Address, "rows/rows");
        await running.ConnectAsync();
        await paused.ConnectAsync();
        Task[] reading = [running.ReadToEndAsync(), paused.ReadToEndAsync()];
        await Task.WhenAll(running.FirstRow.Task, paused.FirstRow.Task).WaitAsync(Streamrt.Limit);
        await administrator.DoAsync(served, 2, "pause?reason=backup");

        JsonElement before = await administrator.ListAsync(served);
        await using Top top = Top.Start(served.Id);
        await top.ReadAsync();
        JsonElement shown = (await top.ReadAsync())!.Value;
        JsonElement after = await administrator.ListAsync(served);

        // The one that stands still is the same to the row.
        JsonElement session = Session(after, 2);
        JsonElement stream = Stream(shown, "rows #2");
        Assert.Equal(("Paused", "backup"), (Text(stream, "state"), Text(stream, "pauseReason")));
        Assert.Equal((Long(session, "rows"), Long(session, "bytes"), Long(session, "pauses")), (Long(stream, "rows"), Long(stream, "bytes"), Long(stream, "pauses")));
        Assert.InRange(stream.GetProperty("pausedMs").GetDouble(), Session(before, 2).GetProperty("pausedMs").GetDouble(), session.GetProperty("pausedMs").GetDouble());
        Assert.Equal(stream.GetProperty("pausedMs").GetDouble(), stream.GetProperty("pausedForMs").GetDouble());
        Assert.Equal(0, stream.GetProperty("rowsPerSecond").GetDouble());

        // The one that moves lies between what was said before and after.
        JsonElement moving = Stream(shown, "rows #1");
        Assert.Equal(("Running", JsonValueKind.Null, JsonValueKind.Null), (Text(moving, "state"), moving.GetProperty("pausedForMs").ValueKind, moving.GetProperty("pauseReason").ValueKind));
        Assert.InRange(Long(moving, "rows"), Long(Session(before, 1), "rows"), Long(Session(after, 1), "rows"));
        Assert.Equal(Long(moving, "rows") * 200, Long(moving, "bytes"));
        Assert.True(moving.GetProperty("rowsPerSecond").GetDouble() > 0);
        JsonElement totals = shown.GetProperty("totals");
        Assert.Equal(
            (after.GetProperty("runningStreams").GetInt32(), after.GetProperty("pausedStreams").GetInt32()), (totals.GetProperty("running").GetInt32(), totals.GetProperty("paused").GetInt32()));
        Assert.Equal(Long(stream, "rows") + Long(moving, "rows"), Long(totals, "rows"), Long(moving, "rows") / 10);
        Assert.True(shown.GetProperty("process").GetProperty("cpuPercent").GetDouble() > 0);

        await administrator.DoAsync(served, 2, "resume");
        await top.UntilAsync(r => Text(Stream(r, "rows #2"), "state") == "Running" && Stream(r, "rows #2").GetProperty("rowsPerSecond").GetDouble() > 0, "it goes on");
        running.Abort();
        paused.Abort();
        await Task.WhenAll(reading).ContinueWith(_ => { }, TaskScheduler.Default);
        JsonElement quiet = await top.UntilAsync(r => r.GetProperty("streams").GetArrayLength() == 0, "both have ended");
        Assert.Equal((0, 0), (quiet.GetProperty("totals").GetProperty("running").GetInt32(), quiet.GetProperty("totals").GetProperty("paused").GetInt32()));
        Assert.True(Long(quiet.GetProperty("totals"), "rows") >= Long(totals, "rows"));
    }

    [Fact]
    public async Task Pool_IsShownAsItIsUsed()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(
            "--source", cluster.Uri, "--endpoint", "endless=select json_build_object('id', id) from (select generate_series(1, 1000000000) as id) as ids", "--pool-size", "5");
        await using Top top = Top.Start(served.Id);
        JsonElement pool = (await top.ReadAsync())!.Value.GetProperty("pools").EnumerateArray().Single();
        Assert.Equal((0, 0, 5), (pool.GetProperty("leased").GetInt32(), pool.GetProperty("idle").GetInt32(), pool.GetProperty("max").GetInt32()));
        List<HttpResponseMessage> responses = [];
        for (int i = 0; i < 3; i++)
        {
            responses.Add(await served.Http.GetAsync(new Uri("rows/endless", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead));
        }

        JsonElement three = await top.UntilAsync(r => r.GetProperty("pools")[0].GetProperty("leased").GetInt32() == 3, "three are leased");
        Assert.Equal(3, three.GetProperty("streams").GetArrayLength());
        Assert.Equal(3, Long(three.GetProperty("pools")[0], "leases"));
        responses.ForEach(r => r.Dispose());
        await top.UntilAsync(r => r.GetProperty("pools")[0].GetProperty("leased").GetInt32() == 0, "none is leased any more");
    }

    [Fact]
    public async Task Json_HasTheMembersThatAreDocumented()
    {
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using ServedProgram served = await ServedProgram.StartAsync("--source", cluster.Uri, "--endpoint", "endless=select json_build_object('id', id) from (select generate_series(1, 1000000000) as id) as ids");
        using HttpResponseMessage response = await served.Http.GetAsync(new Uri("rows/endless", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        (int exitCode, string output, string errors) = await Streamrt.RunAsync("top", Number(served.Id), "--json", "--count", "2", "--interval", "100ms");
        Assert.Equal((0, ""), (exitCode, errors));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        using JsonDocument refresh = JsonDocument.Parse(lines[1]);
        Assert.Equal("time pid intervalMs process totals streams streamsLeftOut pools", Members(refresh.RootElement));
        Assert.Equal(
            "cpuPercent cpuMs processors workingSetBytes heapBytes allocatedBytes allocatedBytesPerSecond gcPauseMs gcPausePercent gen0Collections gen1Collections gen2Collections threads queuedWorkItems",
            Members(refresh.RootElement.GetProperty("process")));
        Assert.Equal(
            "running paused rows bytes rowsPerSecond bytesPerSecond rowsFiltered pauses pausedMs bufferedBytes", Members(refresh.RootElement.GetProperty("totals")));
        Assert.Equal(
            "id name state rows bytes rowsPerSecond bytesPerSecond rowsFiltered bufferedBytes pauses pausedMs pausedForMs pauseReason waitingMs elapsedMs",
            Members(refresh.RootElement.GetProperty("streams")[0]));
        Assert.Equal("name leased idle opening closing waiting max leases opened openFailures timeouts", Members(refresh.RootElement.GetProperty("pools")[0]));

        // The help names every one of them.
        string help = (await Streamrt.RunAsync("top", "--help")).Output;
        foreach (JsonElement documented in new[]
        {
            refresh.RootElement, refresh.RootElement.GetProperty("process"), refresh.RootElement.GetProperty("totals"), refresh.RootElement.GetProperty("streams")[0],
            refresh.RootElement.GetProperty("pools")[0],
        })
        {
            Assert.All(documented.EnumerateObject(), member => Assert.Matches($@"\b{member.Name}\b", help));
        }
    }

    [Fact]
    public async Task MoreStreamsThanAreWanted_AreSummedUp()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", Endless);
        List<HttpResponseMessage> responses = [];
        for (int i = 0; i < 3; i++)
        {
            responses.Add(await served.Http.GetAsync(new Uri("rows/rows", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead));
        }

        await using Top top = Top.Start(served.Id, "--max-streams", "2");
        JsonElement shown = await top.UntilAsync(r => r.GetProperty("totals").GetProperty("running").GetInt32() == 3, "three run");
        Assert.Equal((2, 1), (shown.GetProperty("streams").GetArrayLength(), shown.GetProperty("streamsLeftOut").GetInt32()));
        responses.ForEach(r => r.Dispose());
    }

    [Fact]
    public async Task Lines_WhereThereIsNoTerminal_SayTheSame()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", Endless);
        using HttpResponseMessage response = await served.Http.GetAsync(new Uri("rows/rows", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        (int exitCode, string output, string errors) = await Streamrt.RunAsync("top", Number(served.Id), "--count", "1", "--interval", "100ms");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.StartsWith($"process {served.Id}: cpu ", output, StringComparison.Ordinal);
        Assert.Contains("streams: 1 running, 0 paused", output, StringComparison.Ordinal);
        Assert.Contains("rows #1: Running", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("1", false)]
    public async Task Terminal_ShowsATable_UntilItIsTold_AndRespectsNoColor(string noColor, bool colored)
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", Endless);
        using HttpResponseMessage response = await served.Http.GetAsync(new Uri("rows/rows", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);

        // script(1) gives its command a terminal.
        await using Streamrt run = Streamrt.StartProgram(
            "script", ["-qec", $"stty rows 30 cols 120; dotnet '{Streamrt.Program}' top {served.Id} --interval 200ms", "/dev/null"], ("NO_COLOR", noColor), ("TERM", "xterm-256color"));
        var shown = new System.Text.StringBuilder();
        Task reading = Task.Run(async () =>
        {
            byte[] buffer = new byte[4096];
            for (int read = await run.Output.ReadAsync(buffer); read > 0; read = await run.Output.ReadAsync(buffer))
            {
                lock (shown)
                {
                    shown.Append(System.Text.Encoding.UTF8.GetString(buffer, 0, read));
                }
            }
        });
        await Wait.UntilAsync(() => Shown().Contains("rows #1", StringComparison.Ordinal), Streamrt.Limit, "the stream is shown");
        Assert.Equal(colored, Shown().Contains("\e[38;5;", StringComparison.Ordinal) || Shown().Contains("\e[3", StringComparison.Ordinal) || Shown().Contains("\e[9", StringComparison.Ordinal));
        await run.Input.WriteAsync("q"u8.ToArray());
        await run.Input.FlushAsync();
        Assert.Equal(0, await run.WaitForExitAsync());
        await reading.WaitAsync(Streamrt.Limit);

        // The screen that was there before is back, with the cursor, and the last table on it.
        Assert.Contains("\e[?25h\e[?1049l", Shown(), StringComparison.Ordinal);
        Assert.Contains("rows #1", Shown()[Shown().IndexOf("\e[?1049l", StringComparison.Ordinal)..], StringComparison.Ordinal);

        string Shown()
        {
            lock (shown)
            {
                return shown.ToString();
            }
        }
    }

    [Fact]
    public async Task ProcessThatEnds_IsTold()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", Endless);
        await using Top top = Top.Start(served.Id);
        Assert.NotNull(await top.ReadAsync());
        Assert.Equal(0, await served.StopAsync());
        Assert.Equal(1, await top.WaitForExitAsync());
        Assert.Contains($"Process {served.Id} has ended.", top.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupt_EndsIt_AndTheProcessGoesOnUnwatched()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", Endless);
        await using (Top top = Top.Start(served.Id))
        {
            Assert.NotNull(await top.ReadAsync());
            top.Signal(UnixSignal.Interrupt);
            Assert.Equal(130, await top.WaitForExitAsync());
        }

        // And can be watched again.
        Assert.Equal(0, (await Streamrt.RunAsync("top", Number(served.Id), "--count", "1", "--interval", "100ms")).ExitCode);
        Assert.Equal(0, await served.StopAsync());
    }

    [Fact]
    public async Task ProcessThatCannotBeWatched_IsRefused_WithWhatMayBeDone()
    {
        await using Streamrt other = Streamrt.StartProgram("sleep", ["60"]);
        await using ServedProgram closed = await ServedProgram.StartAsync([("DOTNET_EnableDiagnostics", "0")], "--source", Endless);
        foreach (int id in new[] { other.Id, closed.Id })
        {
            (int exitCode, _, string errors) = await Streamrt.RunAsync("top", Number(id));
            Assert.Equal(1, exitCode);
            Assert.Contains("DOTNET_EnableDiagnostics=0", errors, StringComparison.Ordinal);
        }

        (int none, _, string said) = await Streamrt.RunAsync("top", "4190000");
        Assert.Equal(1, none);
        Assert.Contains("There is no process 4190000", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("0")]
    [InlineData("1", "2")]
    [InlineData("1", "--interval", "10ms")]
    [InlineData("1", "--count", "0")]
    [InlineData("1", "--often")]
    public async Task Arguments_ThatMakeNoSense_AreRefused(params string[] arguments)
    {
        (int exitCode, string output, string errors) = await Streamrt.RunAsync(["top", .. arguments]);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("'streamrt top --help' says what is allowed.", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutANumber_SeveralProcesses_AreListed()
    {
        await using ServedProgram one = await ServedProgram.StartAsync("--source", Endless);
        await using ServedProgram other = await ServedProgram.StartAsync("--source", Endless);
        (int exitCode, _, string errors) = await Streamrt.RunAsync("top", "--count", "1");
        Assert.Equal(2, exitCode);
        Assert.Contains($"  {one.Id}  ", errors, StringComparison.Ordinal);
        Assert.Contains($"  {other.Id}  ", errors, StringComparison.Ordinal);
        Assert.Contains("serve --source", errors, StringComparison.Ordinal);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Members(JsonElement json) => string.Join(' ', json.EnumerateObject().Select(p => p.Name));

    private static JsonElement Session(JsonElement list, long id) => list.GetProperty("sessions").EnumerateArray().Single(s => Long(s, "id") == id);

    private static JsonElement Stream(JsonElement refresh, string name) => refresh.GetProperty("streams").EnumerateArray().Single(s => Text(s, "name") == name);

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static long Long(JsonElement json, string name) => json.GetProperty(name).GetInt64();
}
