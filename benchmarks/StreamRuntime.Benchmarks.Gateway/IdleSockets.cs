using System.Net.WebSockets;
using StreamRuntime.AspNetCore;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Gateway;

/// <summary>WebSockets on which nothing happens but heartbeats.</summary>
internal static class IdleSockets
{
    private const int MostConnections = 20_000;

    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pong = TimeSpan.FromSeconds(30);

    /// <summary>The framework's own, which receives into no buffer while there is nothing.</summary>
    public static void MapBare(WebApplication application)
    {
        application.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Ping, KeepAliveTimeout = Pong });
        application.MapGet("/rows/rows", async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync("streamruntime.v1");
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(Memory<byte>.Empty, context.RequestAborted);
            }
            while (received.MessageType != WebSocketMessageType.Close);
        });
    }

    /// <summary>Ours, each with a stream whose next row never comes.</summary>
    public static Action<WebApplication> Gateway(WebApplicationBuilder builder, string connection)
    {
        builder.Services.AddStreamGateway(StreamGatewayOptions.Default with
        {
            MaxConnections = MostConnections,
            MaxConnectionsPerAddress = MostConnections,
            MaxRunningStreams = MostConnections,
            IdleTimeout = Timeout.InfiniteTimeSpan,
            PingInterval = Ping,
            PongTimeout = Pong,
        });
        JsonRowStreamOptions options = JsonRowStreamOptions.Default with { ProgressTimeout = Timeout.InfiniteTimeSpan };
        return application => application.MapRows("rows", (_, _) => new ValueTask<JsonRowStream>(JsonRowStream.Create(new SilentSource(), options)));
    }

    private sealed class SilentSource : IRowSource
    {
        public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return false;
        }

        public ValueTask DisposeAsync() => default;
    }
}
