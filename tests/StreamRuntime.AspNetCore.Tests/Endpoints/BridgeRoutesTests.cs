using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Bridging.Backends;
using StreamRuntime.AspNetCore.Tests.Bridging;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;

namespace StreamRuntime.AspNetCore.Tests.Endpoints;

public sealed class BridgeRoutesTests
{
    [Fact]
    public async Task Bytes_OverARealWebSocketAndARealConnection_ComeBackWhole()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task echoing = Task.Run(async () =>
        {
            using TcpClient peer = await listener.AcceptTcpClientAsync();
            await peer.GetStream().CopyToAsync(peer.GetStream());
        });
        var options = new TcpBackendOptions { Host = "localhost", Port = ((IPEndPoint)listener.LocalEndpoint).Port };
        await using BridgeHost host = await BridgeHost.StartAsync(() => new TcpBackend(options));
        using ClientWebSocket socket = await host.ConnectAsync();
        byte[] bytes = RandomNumberGenerator.GetBytes(5_000_000);
        Task sending = Task.Run(async () =>
        {
            foreach (byte[] part in bytes.Chunk(70_001))
            {
                await socket.SendAsync(part, WebSocketMessageType.Binary, true, CancellationToken.None);
            }

            await BridgeHost.SendTextAsync(socket, """{"type":"end"}""");
        });
        using var taken = new MemoryStream();
        while (await BridgeHost.ReceiveAsync(socket) is { } message)
        {
            Assert.Equal(WebSocketMessageType.Binary, message.Type);
            taken.Write(message.Bytes);
        }

        await sending;
        await echoing;
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        Assert.True(bytes.AsSpan().SequenceEqual(taken.ToArray()));
        await QuietAsync(host);
    }

    [Fact]
    public async Task Rows_OverAWebSocket_EndByACodeThatSaysComplete()
    {
        await using BridgeHost host = await BridgeHost.StartAsync(() => new RowStreamBackend(_ => new(JsonRowStream.Create(new SampleRowSource(50_000, 100)))));
        using ClientWebSocket socket = await host.ConnectAsync();
        int rows = 0;
        while (await BridgeHost.ReceiveAsync(socket) is { } message)
        {
            Assert.Equal((byte)'\n', message.Bytes[^1]);
            rows += message.Bytes.Count(b => b == (byte)'\n');
        }

        Assert.Equal((50_000, WebSocketCloseStatus.NormalClosure), (rows, socket.CloseStatus!.Value));
    }

    [Fact]
    public async Task Control_Messages_AreFollowedAndAnswered()
    {
        var backend = new MemoryBackend { Echoes = true };
        await using BridgeHost host = await BridgeHost.StartAsync(() => backend);
        using ClientWebSocket socket = await host.ConnectAsync();
        await BridgeHost.SendTextAsync(socket, """{"type":"pause"}""");
        Assert.Equal("""{"type":"paused"}""", await BridgeHost.ReceiveTextAsync(socket));
        Assert.True(Assert.Single(host.Sessions.Sessions).IsPaused);

        // In fragments, and behind bytes that the pause holds.
        await socket.SendAsync(new byte[5], WebSocketMessageType.Binary, true, CancellationToken.None);
        await socket.SendAsync("""{"type":"""u8.ToArray(), WebSocketMessageType.Text, false, CancellationToken.None);
        await socket.SendAsync(""" "stats"}"""u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        using JsonDocument statistics = JsonDocument.Parse(await BridgeHost.ReceiveTextAsync(socket));
        Assert.Equal(("Active", true, 0L), (
            statistics.RootElement.GetProperty("state").GetString(),
            statistics.RootElement.GetProperty("paused").GetBoolean(),
            statistics.RootElement.GetProperty("bytesToBackend").GetInt64()));
        await BridgeHost.SendTextAsync(socket, "what?");
        Assert.Contains("unknown", await BridgeHost.ReceiveTextAsync(socket), StringComparison.Ordinal);
        await BridgeHost.SendTextAsync(socket, """{"type":"resume"}""");
        var seen = new List<string>();
        for (int i = 0; i < 2; i++)
        {
            (WebSocketMessageType type, byte[] bytes) = (await BridgeHost.ReceiveAsync(socket))!.Value;
            seen.Add(type == WebSocketMessageType.Text ? Encoding.UTF8.GetString(bytes) : $"{bytes.Length} bytes");
        }

        Assert.Equal(["5 bytes", """{"type":"resumed"}"""], seen.Order());
        await BridgeHost.SendTextAsync(socket, """{"type":"close"}""");
        Assert.Equal(1000, await BridgeHost.ReceiveCloseAsync(socket));
        await QuietAsync(host);
    }

    [Theory]
    [InlineData("not UTF-8", 1007)]
    [InlineData("too big", 1009)]
    [InlineData("too big control", 1009)]
    [InlineData("too many controls", 1008)]
    [InlineData("backend ends", 1000)]
    [InlineData("backend fails", 1011)]
    [InlineData("application closes", 1000)]
    public async Task Close_ForEachReason_IsSeenByTheClientByItsCode(string what, int code)
    {
        var backend = new MemoryBackend();
        var options = BridgeOptions.Default with { MaxMessageBytes = 100_000 };
        var gateway = new StreamGatewayOptions { MaxControlFramesPerSecond = 5, MaxInvalidMessages = 100 };
        await using BridgeHost host = await BridgeHost.StartAsync(() => backend, options, gateway);
        using ClientWebSocket socket = await host.ConnectAsync();
        await Wait.UntilAsync(() => host.Sessions.Sessions.Any(s => s.State == BridgeState.Active), TestRun.Patience, "the session is active");
        switch (what)
        {
            case "not UTF-8": await socket.SendAsync(new byte[] { 0xFF, 0xFE }, WebSocketMessageType.Text, true, CancellationToken.None); break;
            case "too big": await socket.SendAsync(new byte[100_001], WebSocketMessageType.Binary, true, CancellationToken.None); break;
            case "too big control": await BridgeHost.SendTextAsync(socket, new string(' ', 20_000)); break;
            case "too many controls":
                for (int i = 0; i < 6; i++)
                {
                    await BridgeHost.SendTextAsync(socket, "{}");
                }

                break;
            case "backend ends": backend.Ends(); break;
            case "backend fails": backend.Ends(new IOException("reset")); break;
            case "application closes": _ = host.Sessions.Sessions.Single().CloseAsync(); break;
        }

        Assert.Equal(code, await BridgeHost.ReceiveCloseAsync(socket));
        await QuietAsync(host);
        Assert.Equal(1, backend.Disposals);
    }

    [Fact]
    public async Task Backend_ThatCantBeReached_ClosesBy1011()
    {
        await using BridgeHost host = await BridgeHost.StartAsync(() => new MemoryBackend { OnConnect = _ => Task.FromException(new IOException("10.1.2.3 refused")) });
        using ClientWebSocket socket = await host.ConnectAsync();
        Assert.Equal(1011, await BridgeHost.ReceiveCloseAsync(socket));
        Assert.Equal("the backend could not be reached", socket.CloseStatusDescription);
    }

    [Fact]
    public async Task Shutdown_OfTheServer_TellsEveryClient()
    {
        await using BridgeHost host = await BridgeHost.StartAsync(() => new MemoryBackend());
        ClientWebSocket[] sockets = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.ConnectAsync()));
        await Wait.UntilAsync(() => host.Sessions.Sessions.Count(s => s.State == BridgeState.Active) == 20, TestRun.Patience, "all are active");
        Task stopping = host.Application.StopAsync();
        int[] codes = await Task.WhenAll(sockets.Select(BridgeHost.ReceiveCloseAsync));
        Assert.All(codes, c => Assert.Equal(1001, c));
        await stopping.WaitAsync(TestRun.Patience);
        Assert.Equal(0, host.Sessions.Count);
        foreach (ClientWebSocket socket in sockets)
        {
            socket.Dispose();
        }
    }

    [Fact]
    public async Task Client_ThatVanishesWithoutAClose_ReleasesItsBackend()
    {
        var backend = new MemoryBackend();
        await using BridgeHost host = await BridgeHost.StartAsync(() => backend);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /bridge HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {Convert.ToBase64String(new byte[16])}\r\n\r\n"));
        await Wait.UntilAsync(() => host.Sessions.Sessions.Any(s => s.State == BridgeState.Active), TestRun.Patience, "the session is active");
        socket.Close(0);
        await Wait.UntilAsync(() => backend.Disposals == 1, TestRun.Patience, "the backend is released");
        await QuietAsync(host);
    }

    [Fact]
    public async Task Client_ThatAnswersNoPing_IsGone()
    {
        var backend = new MemoryBackend();
        var options = StreamGatewayOptions.Default with { PingInterval = TimeSpan.FromMilliseconds(100), PongTimeout = TimeSpan.FromMilliseconds(200) };
        await using BridgeHost host = await BridgeHost.StartAsync(() => backend, gateway: options);

        // A client that reads nothing answers nothing.
        using ClientWebSocket socket = await host.ConnectAsync(o => o.KeepAliveInterval = Timeout.InfiniteTimeSpan);
        await Wait.UntilAsync(() => backend.Disposals == 1, TestRun.Patience, "the backend is released");
        await QuietAsync(host);
        Assert.Equal(1, host.Sessions.GetTotals().Ended);
    }

    [Fact]
    public async Task Request_BeyondTheLimit_IsRefusedAndItsPlaceComesBack()
    {
        await using BridgeHost host = await BridgeHost.StartAsync(() => new MemoryBackend(), BridgeOptions.Default with { MaxSessions = 1 }, new StreamGatewayOptions { RetryAfter = TimeSpan.FromSeconds(7) });
        using (ClientWebSocket first = await host.ConnectAsync())
        {
            HttpResponseMessage refused = await UpgradeAsync(host);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "7"), (refused.StatusCode, refused.Headers.GetValues("Retry-After").Single()));
            await BridgeHost.SendTextAsync(first, """{"type":"close"}""");
            Assert.Equal(1000, await BridgeHost.ReceiveCloseAsync(first));
        }

        await QuietAsync(host);
        using ClientWebSocket second = await host.ConnectAsync();
        Assert.Equal(1, host.Sessions.GetTotals().Refused);
    }

    [Fact]
    public async Task Request_ThatIsNoWebSocket_IsRefused()
    {
        await using BridgeHost host = await BridgeHost.StartAsync(() => new MemoryBackend());
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.UpgradeRequired, (await http.GetAsync(new Uri(host.Address, "/bridge"))).StatusCode);
    }

    [Fact]
    public async Task Request_WhoseBackendIsRefused_HasItsStatusAndGivesItsPlaceBack()
    {
        await using BridgeHost host = await BridgeHost.StartAsync(() => throw new BadHttpRequestException("no such target", StatusCodes.Status404NotFound));
        Assert.Equal(HttpStatusCode.NotFound, (await UpgradeAsync(host)).StatusCode);
        Assert.Equal(0, host.Sessions.Count);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("http://{host}", true)]
    [InlineData("http://evil.example", false)]
    [InlineData("http://{host}.evil.example", false)]
    [InlineData("null", false)]
    [InlineData("https://app.example", true)]
    public async Task Request_OfAPage_IsServedByItsOrigin(string? origin, bool isAllowed)
    {
        await using BridgeHost host = await BridgeHost.StartAsync(() => new MemoryBackend(), gateway: new StreamGatewayOptions { AllowedOrigins = ["https://app.example"] });
        HttpResponseMessage response = await UpgradeAsync(host, origin?.Replace("{host}", host.Address.Authority, StringComparison.Ordinal));
        Assert.Equal(isAllowed ? HttpStatusCode.SwitchingProtocols : HttpStatusCode.Forbidden, response.StatusCode);
        response.Dispose();
    }

    private static async Task<HttpResponseMessage> UpgradeAsync(BridgeHost host, string? origin = null)
    {
        using var handler = new SocketsHttpHandler();
        using var http = new HttpMessageInvoker(handler, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, "/bridge"));
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new("websocket"));
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", Convert.ToBase64String(new byte[16]));
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        return await http.SendAsync(request, CancellationToken.None);
    }

    private static Task QuietAsync(BridgeHost host) =>
        Wait.UntilAsync(() => host.Sessions.Count == 0 && host.Sessions.Sessions.Count == 0, TestRun.Patience, "every place is free");
}
