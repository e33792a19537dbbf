using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Endpoints;

namespace StreamRuntime.AspNetCore.Tests.Hosting;

/// <summary>A bridge on a real server on a free port of the loopback, each session with a backend in memory.</summary>
internal sealed class BridgeHost : IAsyncDisposable
{
    private BridgeHost(WebApplication application)
    {
        Application = application;
        Address = new Uri(application.Urls.First());
    }

    public WebApplication Application { get; }

    public Uri Address { get; }

    public BridgeSessionManager Sessions => Application.Services.GetRequiredService<BridgeSessionManager>();

    public static async Task<BridgeHost> StartAsync(Func<IBridgeBackend> open, BridgeOptions? options = null, StreamGatewayOptions? gateway = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddStreamGateway(gateway, options);
        WebApplication application = builder.Build();
        application.MapBridge("/bridge", (_, _) => new(open()));
        await application.StartAsync();
        return new BridgeHost(application);
    }

    public async Task<ClientWebSocket> ConnectAsync(Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket();
        configure?.Invoke(socket.Options);
        using var patience = new CancellationTokenSource(TestRun.Patience);
        await socket.ConnectAsync(new UriBuilder(Address) { Scheme = "ws", Path = "/bridge" }.Uri, patience.Token);
        return socket;
    }

    public static async Task SendTextAsync(ClientWebSocket socket, string text)
    {
        using var patience = new CancellationTokenSource(TestRun.Patience);
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, patience.Token);
    }

    /// <summary>One whole message; null for the close frame.</summary>
    public static async Task<(WebSocketMessageType Type, byte[] Bytes)?> ReceiveAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(TestRun.Patience);
        using var message = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, patience.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
                return null;
            }

            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                return (received.MessageType, message.ToArray());
            }
        }
    }

    public static async Task<string> ReceiveTextAsync(ClientWebSocket socket)
    {
        (WebSocketMessageType Type, byte[] Bytes)? message = await ReceiveAsync(socket);
        Assert.Equal(WebSocketMessageType.Text, message?.Type);
        return Encoding.UTF8.GetString(message!.Value.Bytes);
    }

    public static async Task<int> ReceiveCloseAsync(ClientWebSocket socket)
    {
        while (await ReceiveAsync(socket) is not null)
        {
        }

        return (int)socket.CloseStatus!.Value;
    }

    public async ValueTask DisposeAsync() => await Application.DisposeAsync();
}
