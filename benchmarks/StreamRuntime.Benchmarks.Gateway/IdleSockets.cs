using System.Net.WebSockets;
using System.Threading.Tasks.Sources;
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

    /// <summary>Waits for a row that never comes, in one object, until it is told to stop.</summary>
    private sealed class SilentSource : IRowSource, IValueTaskSource<bool>
    {
        private ManualResetValueTaskSourceCore<bool> _wait;

        public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
        {
            cancellationToken.UnsafeRegister(static (source, token) => ((SilentSource)source!)._wait.SetException(new OperationCanceledException(token)), this);
            return new ValueTask<bool>(this, _wait.Version);
        }

        public ValueTask DisposeAsync() => default;

        public bool GetResult(short token) => _wait.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _wait.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _wait.OnCompleted(continuation, state, token, flags);
    }
}
