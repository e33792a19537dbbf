using System.Buffers;
using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.AspNetCore.Tests.Responses;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.AspNetCore.Tests.WebSockets;

public sealed class RowsSocketTests
{
    [Fact]
    public async Task Rows_OverClientWebSocket_AreExactAndCompleted()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Sample(20_000, 150)));
        using var client = new ClientWebSocket();
        await CheckAsync(host, client, null);
    }

    [Fact]
    public async Task Rows_OverHttp2_AreExactAndCompleted()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Sample(20_000, 150)), protocols: HttpProtocols.Http2);
        using var client = new ClientWebSocket();
        client.Options.HttpVersion = HttpVersion.Version20;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        await CheckAsync(host, client, invoker);
    }

    [Fact]
    public async Task Handshake_Accepted_IsTheOneOfTheRfc()
    {
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => new ScriptedRowSource().Blocks());
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host, protocol: "other, streamruntime.v1");
        Assert.Equal(101, client.Status);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", client.Response, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Protocol: streamruntime.v1\r\n", client.Response, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", 400)]
    [InlineData("streamruntime.v2", "", 400)]
    [InlineData("streamruntime.v1", "Origin: https://elsewhere.example\r\n", 403)]
    [InlineData("streamruntime.v1", "Sec-WebSocket-Key: short\r\n", 400)]
    public async Task Handshake_ThatCannotBeAccepted_IsRefusedBeforeOpening(string protocol, string extra, int status)
    {
        int opened = 0;
        await using GatewayHost host = await HttpRowsTests.StartAsync(() =>
        {
            opened++;
            return new ScriptedRowSource();
        });
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host, protocol: protocol, extra: extra);
        Assert.Equal(status, client.Status);
        Assert.Equal(0, opened);
        await host.QuietAsync();
    }

    [Fact]
    public async Task PauseAndResume_ByMessages_HoldTheStreamAndLoseNothing()
    {
        long made = 0;
        var source = new ScriptedRowSource().CompletesLater().Forever((rows, _) =>
        {
            rows.Write(Encoding.UTF8.GetBytes(Interlocked.Increment(ref made).ToString(System.Globalization.CultureInfo.InvariantCulture)));
            rows.EndRow();
            if (made == 200_000)
            {
                throw new ServerFailure("57P01", "gone");
            }
        });
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => source);
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        var rows = new StringBuilder();
        Assert.Equal("started", (await client.ReadMessageAsync(rows)).GetProperty("type").GetString());
        await client.SendTextAsync("""{"type":"pause","reason":"busy"}""");
        JsonElement paused = await client.ReadMessageAsync(rows);
        Assert.Equal("paused", paused.GetProperty("type").GetString());
        Assert.Equal("busy", paused.GetProperty("reason").GetString());
        Assert.Equal(1, host.Gateway.Streams.Paused);
        Assert.Equal(0, host.Gateway.Streams.Running);
        await Wait.UntilAsync(() => !source.IsReceiving, TestRun.Patience, "the receive under way has ended");
        long madeAtPause = Interlocked.Read(ref made);
        await Task.Delay(100);
        Assert.Equal(madeAtPause, Interlocked.Read(ref made));

        await client.SendTextAsync("""{"type":"stats"}""");
        JsonElement stats = await client.ReadMessageAsync(rows);
        Assert.Equal("Paused", stats.GetProperty("state").GetString());
        Assert.Equal(1, stats.GetProperty("pauses").GetInt32());
        await client.SendTextAsync("""{"type":"resume"}""");
        Assert.Equal("resumed", (await client.ReadMessageAsync(rows)).GetProperty("type").GetString());
        JsonElement end = await client.ReadMessageAsync(rows);
        Assert.Equal("error", end.GetProperty("type").GetString());
        Assert.Equal("57P01", end.GetProperty("code").GetString());
        Assert.Equal(1011, (await client.ReadCloseAsync()).Code);
        await client.SendCloseAsync(1011);
        Assert.True(await client.IsEndedAsync());
        string[] lines = rows.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(end.GetProperty("rows").GetInt64(), lines.Length);
        Assert.Equal(Enumerable.Range(1, lines.Length).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)), lines);
        await host.QuietAsync();
    }

    [Fact]
    public async Task Pause_ForLongerThanItsTimeout_ResumesByItselfAndSaysSo()
    {
        var source = new ScriptedRowSource().CompletesLater().Delivers("1").Blocks("2").Delivers("3");
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => source, new StreamGatewayOptions { PauseTimeout = TimeSpan.FromMilliseconds(200) });
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        await client.ReadMessageAsync();
        await source.BlockedAsync();
        await client.SendTextAsync("""{"type":"pause"}""");
        Assert.Equal("paused", (await client.ReadMessageAsync()).GetProperty("type").GetString());
        source.Release();
        Assert.Equal("resumed", (await client.ReadMessageAsync()).GetProperty("type").GetString());
        JsonElement end = await client.ReadMessageAsync();
        Assert.Equal("complete", end.GetProperty("type").GetString());
        Assert.Equal(3, end.GetProperty("rows").GetInt32());
        await client.SendCloseAsync(1000);
        await host.QuietAsync();
    }

    [Fact]
    public async Task Cancel_ByMessage_EndsTheResultAndTheQuery()
    {
        var source = new ScriptedRowSource().Delivers("1").Blocks();
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => source);
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        Assert.Equal("started", (await client.ReadMessageAsync()).GetProperty("type").GetString());
        await source.BlockedAsync();
        await client.SendTextAsync("""{"type":"cancel"}""");
        JsonElement end = await client.ReadMessageAsync();
        Assert.Equal("Cancelled", end.GetProperty("error").GetString());
        Assert.Equal(1000, (await client.ReadCloseAsync()).Code);
        await client.SendCloseAsync(1000);
        Assert.True(await client.IsEndedAsync());
        Assert.Equal(1, source.Cancellations);
        await host.QuietAsync();
    }

    [Fact]
    public async Task Messages_ThatMakeNoSense_AreRefusedAndThenClosedByPolicy()
    {
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => new ScriptedRowSource().Blocks(), new StreamGatewayOptions { MaxInvalidMessages = 3 });
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        await client.ReadMessageAsync();
        foreach (string nonsense in new[] { "x", "[1]", """{"type":"fly"}""" })
        {
            await client.SendTextAsync(nonsense);
            JsonElement refused = await client.ReadMessageAsync();
            Assert.Equal("error", refused.GetProperty("type").GetString());
            Assert.False(refused.TryGetProperty("rows", out _));
        }

        await client.SendTextAsync("{}");
        Assert.Equal(1008, (await client.ReadCloseAsync()).Code);
    }

    [Theory]
    [InlineData("good", true)]
    [InlineData("bad", false)]
    public async Task Authenticate_ByQueryHeaderAndMessage_LetsGoodTokensIn(string token, bool isGood)
    {
        var options = new StreamGatewayOptions { Authenticate = (_, given, _) => new(given == "good" ? new ClaimsPrincipal(new ClaimsIdentity("test")) : null) };
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => new ScriptedRowSource().Delivers("1"), options);
        using (RawWebSocket byQuery = await RawWebSocket.ConnectAsync(host, $"/rows/q?access_token={token}"))
        {
            Assert.Equal(isGood ? 101 : 401, byQuery.Status);
        }

        using (RawWebSocket byHeader = await RawWebSocket.ConnectAsync(host, extra: $"Authorization: Bearer {token}\r\n"))
        {
            Assert.Equal(isGood ? 101 : 401, byHeader.Status);
        }

        using HttpResponseMessage http = await host.Client.GetAsync($"/rows/q?access_token={token}");
        Assert.Equal(isGood ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, http.StatusCode);
        using HttpResponseMessage missing = await host.Client.GetAsync("/rows/q");
        Assert.Equal(HttpStatusCode.Unauthorized, missing.StatusCode);

        using RawWebSocket byMessage = await RawWebSocket.ConnectAsync(host);
        Assert.Equal(101, byMessage.Status);
        await byMessage.SendTextAsync($$"""{"type":"authenticate","token":"{{token}}"}""");
        if (isGood)
        {
            Assert.Equal("started", (await byMessage.ReadMessageAsync()).GetProperty("type").GetString());
        }

        Assert.Equal(isGood ? 1000 : 1008, (await byMessage.ReadCloseAsync()).Code);
    }

    [Fact]
    public async Task Client_ThatReadsNothing_HoldsItsStreamBackAndLosesNothing()
    {
        long made = 0;
        var source = new ScriptedRowSource().Forever((rows, _) =>
        {
            rows.Write(new byte[8000]);
            rows.EndRow();
            Interlocked.Add(ref made, 8000);
        });
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows(
            "q", (_, _) => new(JsonRowStream.Create(source, new JsonRowStreamOptions { AllowInvalidText = true }))));
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        long seen = -1;
        await Wait.UntilAsync(
            async () =>
            {
                long before = Interlocked.Exchange(ref seen, Interlocked.Read(ref made));
                await Task.Delay(300);
                return before > 0 && before == Interlocked.Read(ref made);
            },
            TestRun.Patience,
            "the stream stands still");
        long stalledAt = Interlocked.Read(ref made);
        for (long received = 0; received < stalledAt + 1_000_000;)
        {
            (int opcode, byte[] payload) = (await client.ReadFrameAsync())!.Value;
            received += opcode == 2 ? payload.Length : 0;
        }
    }

    private static async Task CheckAsync(GatewayHost host, ClientWebSocket client, HttpMessageInvoker? invoker)
    {
        client.Options.AddSubProtocol("streamruntime.v1");
        await client.ConnectAsync(new Uri($"ws://{host.Address.Authority}/rows/q"), invoker, CancellationToken.None);
        using var rows = new MemoryStream();
        List<string> messages = [];
        var buffer = new byte[256 * 1024];
        while (true)
        {
            using var message = new MemoryStream();
            WebSocketReceiveResult result;
            do
            {
                result = await client.ReceiveAsync(new ArraySegment<byte>(buffer), CancellationToken.None).WaitAsync(TestRun.Patience);
                message.Write(buffer, 0, result.Count);
            }
            while (!result.EndOfMessage);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            if (result.MessageType == WebSocketMessageType.Binary)
            {
                message.WriteTo(rows);
            }
            else
            {
                messages.Add(Encoding.UTF8.GetString(message.ToArray()));
            }
        }

        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(TestRun.Patience);
        Assert.Equal(2, messages.Count);
        Assert.Contains("\"started\"", messages[0], StringComparison.Ordinal);
        Assert.Equal("""{"type":"complete","rows":20000}""", messages[1]);
        await using JsonRowStream again = await GatewayHost.Sample(20_000, 150);
        using var expected = new MemoryStream();
        await again.CopyToAsync(expected);
        Assert.True(rows.ToArray().AsSpan().SequenceEqual(expected.ToArray()));
        await host.QuietAsync();
    }
}
