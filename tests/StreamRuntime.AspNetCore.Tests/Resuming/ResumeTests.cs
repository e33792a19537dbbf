using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.AspNetCore.Tests.Resuming;

/// <summary>Clients that come back: what they are sent to do so, and what becomes of it.</summary>
public sealed class ResumeTests(ITestOutputHelper log)
{
    private static readonly StreamGatewayOptions WithTokens = new() { ResumeTokenLifetime = TimeSpan.FromHours(1), CheckpointRows = 4, CheckpointInterval = Timeout.InfiniteTimeSpan };

    [Fact]
    public async Task Events_LastEventId_GoesOnAfterThem()
    {
        await using GatewayHost host = await StartAsync(10);
        string whole = await EventsAsync(host, null);
        string[] events = whole.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["data: 1", "data: 2", "data: 3", "data: 4"], events[..4]);
        string id = IdOf(events[4], 4);
        IdOf(events[9], 8);
        string end = IdOf(events[12], 10);
        Assert.Equal("event: complete\ndata: {\"rows\":10}", events[13]);

        string rest = await EventsAsync(host, id);
        Assert.StartsWith("data: 5\n\ndata: 6\n\n", rest, StringComparison.Ordinal);
        Assert.EndsWith("event: complete\ndata: {\"rows\":6}\n\n", rest, StringComparison.Ordinal);

        // Who comes back after the end gets the end again, and no row.
        string none = await EventsAsync(host, end);
        Assert.DoesNotContain("data: 10", none, StringComparison.Ordinal);
        Assert.EndsWith("event: complete\ndata: {\"rows\":0}\n\n", none, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_Checkpoint_GoesOnByTheQueryValue()
    {
        await using GatewayHost host = await StartAsync(10);
        string[] lines = (await host.Client.GetStringAsync("/rows/q?control=lines")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["1", "2", "3", "4"], lines[..4]);
        string token = TokenOf(lines[4], 4);
        Assert.Equal("5\n6\n7\n8\n9\n10\n", await host.Client.GetStringAsync($"/rows/q?resume={token}"));

        // Plain lines stay rows and nothing else, and an array can be continued too.
        Assert.Equal("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", await host.Client.GetStringAsync("/rows/q"));
        using var asArray = new HttpRequestMessage(HttpMethod.Get, $"/rows/q?resume={token}");
        asArray.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using HttpResponseMessage array = await host.Client.SendAsync(asArray);
        Assert.Equal("[5,6,7,8,9,10]", (await array.Content.ReadAsStringAsync()).ReplaceLineEndings(""));
    }

    [Fact]
    public async Task WebSocket_Checkpoint_GoesOnByTheQueryValue()
    {
        await using GatewayHost host = await StartAsync(10);
        (string token, string all) = await ReadSocketAsync(host, "/rows/q");
        Assert.Equal("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", all);
        (_, string rest) = await ReadSocketAsync(host, $"/rows/q?resume={token}");
        Assert.Equal("5\n6\n7\n8\n9\n10\n", rest);
    }

    [Theory]
    [InlineData("tampered", 400, "not authentic")]
    [InlineData("nonsense", 400, "no token")]
    [InlineData("other query", 400, "another query")]
    [InlineData("other parameters", 400, "other parameter values")]
    [InlineData("expired", 410, "expired")]
    [InlineData("no key", 400, "can't be continued")]
    [InlineData("no place", 400, "can't be continued")]
    [InlineData("twice", 400, "more than once")]
    public async Task Resume_ThatDoesNotFit_IsRefusedWithTheReason(string what, int status, string reason)
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await GatewayHost.StartAsync(
            app =>
            {
                app.MapRows("q", (request, _) => Open(new NumberedRowSource(10), request, time));
                app.MapRows("other", (request, _) => Open(new NumberedRowSource(10) { Fingerprint = ResumeFingerprint.Create(["letters"], []) }, request, time));
                app.MapRows("values", (request, _) => Open(new NumberedRowSource(10) { Fingerprint = ResumeFingerprint.Create(["numbers"], ["1"]) }, request, time));
                app.MapRows("plain", (_, _) => GatewayHost.Stream(new NumberedRowSource(10)));
                app.MapRows("once", (request, _) => Open(new ScriptedRowSource().Delivers("1"), request, time));
            },
            WithTokens,
            EphemeralKeys);
        string token = TokenOf((await host.Client.GetStringAsync("/rows/q?control=lines")).Split('\n')[4], 4);
        string path = what switch
        {
            "tampered" => $"/rows/q?resume={token[..40]}{(token[40] == 'A' ? 'B' : 'A')}{token[41..]}",
            "nonsense" => "/rows/q?resume=hello+world",
            "other query" => $"/rows/other?resume={token}",
            "other parameters" => $"/rows/values?resume={token}",
            "no key" => $"/rows/plain?resume={token}",
            "no place" => $"/rows/once?resume={token}",
            "twice" => $"/rows/q?resume={token}&resume={token}",
            _ => $"/rows/q?resume={token}",
        };
        if (what == "expired")
        {
            time.Advance(TimeSpan.FromHours(1));
        }

        using HttpResponseMessage refused = await host.Client.GetAsync(path);
        Assert.Equal(status, (int)refused.StatusCode);
        Assert.Contains(reason, JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);

        using RawWebSocket socket = await RawWebSocket.ConnectAsync(host, path);
        if (what == "twice")
        {
            Assert.Equal(400, socket.Status);
            return;
        }

        JsonElement error = await socket.ReadMessageAsync();
        Assert.Equal("error", error.GetProperty("type").GetString());
        Assert.Contains(reason, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(1008, (await socket.ReadCloseAsync()).Code);
    }

    [Fact]
    public async Task Resume_WithoutTokens_IsRefused()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (request, _) => Open(new NumberedRowSource(10), request, null)));
        using HttpResponseMessage refused = await host.Client.GetAsync("/rows/q?resume=AQID");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.DoesNotContain("checkpoint", await host.Client.GetStringAsync("/rows/q?control=lines"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_ThatShareAKeyRing_TakeEachOthersTokens()
    {
        string ring = Directory.CreateTempSubdirectory("ring").FullName;
        await using (GatewayHost first = await StartAsync(10, Shared(ring)))
        await using (GatewayHost second = await StartAsync(10, Shared(ring)))
        await using (GatewayHost stranger = await StartAsync(10))
        {
            string id = IdOf((await EventsAsync(first, null)).Split("\n\n")[4], 4);
            await first.Application.StopAsync();
            Assert.StartsWith("data: 5\n\n", await EventsAsync(second, id), StringComparison.Ordinal);
            using HttpResponseMessage refused = await stranger.Client.GetAsync($"/rows/q?resume={id}");
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        Directory.Delete(ring, recursive: true);
    }

    [Theory]
    [InlineData("events")]
    [InlineData("lines")]
    [InlineData("websocket")]
    public async Task Shutdown_TellsWhereTheClientIs(string format)
    {
        string ring = Directory.CreateTempSubdirectory("ring").FullName;
        string token;
        await using (GatewayHost host = await StartAsync(10, Shared(ring), StopsAfter(4), WithTokens with { CheckpointRows = 1000, DrainTime = TimeSpan.Zero }))
        {
            token = format == "websocket" ? await ShutSocketAsync(host) : await ShutHttpAsync(host, format);
        }

        await using (GatewayHost next = await StartAsync(10, Shared(ring)))
        {
            Assert.Equal("5\n6\n7\n8\n9\n10\n", await next.Client.GetStringAsync($"/rows/q?resume={token}"));
        }

        Directory.Delete(ring, recursive: true);
    }

    [Fact]
    public async Task Pause_LongerThanTheLimit_ParksAndGoesOnExactly()
    {
        var time = new ManualTimeProvider();
        var source = new NumberedRowSource(10);
        var held = new TaskCompletionSource();
        source.Receiving = stop => source.GetPlaceNow() == 4 ? held.Task.WaitAsync(stop) : Task.CompletedTask;
        await using GatewayHost host = await GatewayHost.StartAsync(
            app => app.MapRows("q", (request, _) => Open(source, request, time)), WithTokens with { ParkAfter = TimeSpan.FromSeconds(30) }, EphemeralKeys);
        using RawWebSocket socket = await RawWebSocket.ConnectAsync(host);
        var rows = new StringBuilder();
        await UntilAsync(socket, "checkpoint", rows);
        await socket.SendTextAsync("{\"type\":\"pause\"}");
        await UntilAsync(socket, "paused", rows);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, source.Parks);
        time.Advance(TimeSpan.FromSeconds(2));
        await Wait.UntilAsync(() => source.Parks == 1, TestRun.Patience, "the stream is parked");
        held.SetResult();
        await socket.SendTextAsync("{\"type\":\"resume\"}");
        await UntilAsync(socket, "complete", rows);
        Assert.Equal("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", rows.ToString());
        Assert.Equal(1, source.Opens);
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task Lines_CutOffAtRandom_EndWithExactlyTheirRows()
    {
        int seed = Environment.TickCount;
        log.WriteLine($"seed {seed}");
        var random = new Random(seed);
        const int Rows = 3000;
        await using GatewayHost host = await StartAsync(Rows, options: WithTokens with { CheckpointRows = 50 });
        List<string> committed = [];
        string? token = null;
        int starts = 0;
        bool isComplete = false;
        while (!isComplete)
        {
            starts++;
            List<string> pending = [];
            long cutAfter = random.Next(1, 12_000);
            using HttpResponseMessage response = await host.Client.GetAsync(
                "/rows/q?control=lines" + (token is null ? "" : $"&resume={token}"), HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (cutAfter > 0 && await reader.ReadLineAsync() is { } line)
            {
                cutAfter -= line.Length + 1;
                if (!line.StartsWith('{'))
                {
                    pending.Add(line);
                    continue;
                }

                JsonElement control = JsonDocument.Parse(line).RootElement.GetProperty("$stream");
                isComplete = control.GetProperty("type").GetString() == "complete";
                if (control.TryGetProperty("token", out JsonElement next))
                {
                    // What came after the last checkpoint comes again, so only what a checkpoint covers is kept.
                    token = next.GetString();
                    committed.AddRange(pending);
                    pending.Clear();
                }
            }
        }

        log.WriteLine($"{starts} starts");
        Assert.True(starts > 1);
        Assert.Equal(Enumerable.Range(1, Rows).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)), committed);
        await host.QuietAsync();
    }

    private static Action<WebApplicationBuilder> Shared(string ring) =>
        builder => builder.Services.AddDataProtection().SetApplicationName("test").PersistKeysToFileSystem(new DirectoryInfo(ring));

    private static void EphemeralKeys(WebApplicationBuilder builder) => builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();

    private static Task<GatewayHost> StartAsync(
        int rows, Action<WebApplicationBuilder>? configure = null, Action<NumberedRowSource>? prepare = null, StreamGatewayOptions? options = null) => GatewayHost.StartAsync(
        app => app.MapRows("q", (request, _) =>
        {
            var source = new NumberedRowSource(rows);
            prepare?.Invoke(source);
            return Open(source, request, null);
        }),
        options ?? WithTokens,
        configure ?? EphemeralKeys);

    private static Action<NumberedRowSource> StopsAfter(int rows) =>
        source => source.Receiving = stop => source.GetPlaceNow() < rows ? Task.CompletedTask : Task.Delay(Timeout.Infinite, stop);

    private static ValueTask<JsonRowStream> Open(IRowSource source, RowsRequest request, TimeProvider? time) =>
        new(JsonRowStream.Create(source, request.ToStreamOptions(time is null ? null : new JsonRowStreamOptions { TimeProvider = time })));

    private static async Task<string> EventsAsync(GatewayHost host, string? lastId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/rows/q");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        using HttpResponseMessage response = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    private static string IdOf(string text, int rows)
    {
        string[] lines = text.Split('\n');
        Assert.Equal("event: checkpoint", lines[0]);
        Assert.StartsWith("id: ", lines[1], StringComparison.Ordinal);
        Assert.Equal($"data: {{\"rows\":{rows}}}", lines[2]);
        return lines[1]["id: ".Length..];
    }

    private static string TokenOf(string line, int rows)
    {
        JsonElement control = JsonDocument.Parse(line).RootElement.GetProperty("$stream");
        Assert.Equal("checkpoint", control.GetProperty("type").GetString());
        Assert.Equal(rows, control.GetProperty("rows").GetInt32());
        return control.GetProperty("token").GetString()!;
    }

    /// <summary>Reads a whole result; its first token with it.</summary>
    private static async Task<(string Token, string Rows)> ReadSocketAsync(GatewayHost host, string path)
    {
        using RawWebSocket socket = await RawWebSocket.ConnectAsync(host, path);
        var rows = new StringBuilder();
        JsonElement first = await UntilAsync(socket, "checkpoint", rows);
        Assert.Equal(4, first.GetProperty("rows").GetInt32());
        await UntilAsync(socket, "complete", rows);
        Assert.Equal(1000, (await socket.ReadCloseAsync()).Code);
        return (first.GetProperty("token").GetString()!, rows.ToString());
    }

    private static async Task<JsonElement> UntilAsync(RawWebSocket socket, string type, StringBuilder rows)
    {
        while (true)
        {
            JsonElement message = await socket.ReadMessageAsync(rows);
            if (message.GetProperty("type").GetString() == type)
            {
                return message;
            }

            Assert.NotEqual("error", message.GetProperty("type").GetString());
        }
    }

    private static async Task<string> ShutSocketAsync(GatewayHost host)
    {
        using RawWebSocket socket = await RawWebSocket.ConnectAsync(host);
        await socket.ReadMessageAsync();
        Assert.Equal("1\n2\n3\n4\n", Encoding.UTF8.GetString((await socket.ReadFrameAsync())!.Value.Payload));
        Task stop = host.Application.StopAsync();
        JsonElement told = await UntilAsync(socket, "checkpoint", new StringBuilder());
        Assert.Equal(1001, (await socket.ReadCloseAsync()).Code);
        await socket.SendCloseAsync(1001);
        await stop.WaitAsync(TestRun.Patience);
        return told.GetProperty("token").GetString()!;
    }

    private static async Task<string> ShutHttpAsync(GatewayHost host, string format)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, format == "events" ? "/rows/q" : "/rows/q?control=lines");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(format == "events" ? "text/event-stream" : "application/x-ndjson"));
        using HttpResponseMessage response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Task stop = host.Application.StopAsync();
        string body = await response.Content.ReadAsStringAsync();
        await stop.WaitAsync(TestRun.Patience);
        Assert.Contains("Shutdown", body, StringComparison.Ordinal);
        return format == "events" ? IdOf(body.Split("\n\n")[4], 4) : TokenOf(body.Split('\n')[4], 4);
    }
}
