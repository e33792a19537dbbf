using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Limits;

/// <summary>Cuts off connections whose client takes nothing of what is left of a whole result.</summary>
/// <remarks>
/// <para>
/// A result is over for us once its last byte is in the server's pipe; the server itself then waits for its client for ever. So the connection is looked at until its socket
/// would take more, which it does once everything has been handed to the kernel, or until the client's next request. A client that is slow, and not still, is left alone where
/// the kernel tells how far it has come (Linux).
/// </para>
/// <para>Thread-safe. Connections of HTTP/2 carry other results as well, which may wait for as long as they like; they can't be watched.</para>
/// </remarks>
internal sealed class UnreadResponses(TimingWheel wheel, TimeSpan timeout, ILogger logger)
{
    // Nearly every client has taken everything by then, and nothing is kept for it any longer.
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Socket, WatchedConnection> _watched = new();
    private int _count;

    private TimingWheel Wheel { get; } = wheel;

    private TimeSpan Timeout { get; } = timeout;

    private ILogger Logger { get; } = logger;

    /// <summary>Watches a connection from the last row of a result on.</summary>
    public void Watch(HttpContext context)
    {
        if (Timeout == System.Threading.Timeout.InfiniteTimeSpan
            || HttpProtocol.IsHttp2(context.Request.Protocol)
            || HttpProtocol.IsHttp3(context.Request.Protocol)
            || context.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket
            || context.Features.Get<IConnectionLifetimeFeature>() is not { } connection)
        {
            return;
        }

        var watched = new WatchedConnection(this, socket, connection);
        if (_watched.TryAdd(socket, watched))
        {
            Interlocked.Increment(ref _count);
            watched.Begin();
        }
    }

    /// <summary>The connection has another request: whatever waits on it now is that one's business.</summary>
    public void RequestCame(HttpContext context)
    {
        if (Volatile.Read(ref _count) > 0 && context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket && _watched.TryGetValue(socket, out WatchedConnection? watched))
        {
            watched.End();
        }
    }

    private void Forget(Socket socket)
    {
        if (_watched.TryRemove(socket, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>One connection that is looked at.</summary>
    private sealed class WatchedConnection
    {
        // struct tcp_info of Linux: tcpi_bytes_acked.
        private const int ProtocolTcp = 6;
        private const int TcpInfo = 11;
        private const int BytesAcknowledged = 120;

        private readonly UnreadResponses _all;
        private readonly Socket _socket;
        private readonly IConnectionLifetimeFeature _connection;
        private readonly Deadline _deadline;
        private long _acknowledged = -1;
        private bool _hasEnded;

        public WatchedConnection(UnreadResponses all, Socket socket, IConnectionLifetimeFeature connection)
        {
            _all = all;
            _socket = socket;
            _connection = connection;
            _deadline = new Deadline(all.Wheel, static watched => ((WatchedConnection)watched!).Look(), this);
        }

        public void Begin() => LookIn(FirstLook < _all.Timeout ? FirstLook : _all.Timeout);

        public void End()
        {
            // A look that is under way comes to its end first, so that it can't cut off what comes now.
            lock (_deadline)
            {
                _hasEnded = true;
                _deadline.Cancel();
                _all.Forget(_socket);
            }
        }

        private void LookIn(TimeSpan time) => _deadline.Schedule(MonotonicClock.After(_all.Wheel.Clock.Now, time));

        private void Look()
        {
            lock (_deadline)
            {
                if (_hasEnded)
                {
                    return;
                }

                bool isFirst = _acknowledged < 0;
                if (!IsFull(out long acknowledged))
                {
                    _all.Forget(_socket);
                }
                else if (isFirst || acknowledged != _acknowledged)
                {
                    _acknowledged = acknowledged;
                    LookIn(_all.Timeout);
                }
                else
                {
                    _all.Forget(_socket);
                    GatewayLog.ResultNotTaken(_all.Logger, _all.Timeout.TotalMilliseconds);
                    _connection.Abort();
                }
            }
        }

        /// <summary>True while the socket takes nothing more, so that the server may still have something for it.</summary>
        private bool IsFull(out long acknowledged)
        {
            acknowledged = 0;
            try
            {
                if (_socket.Poll(0, SelectMode.SelectWrite))
                {
                    return false;
                }

                if (OperatingSystem.IsLinux())
                {
                    Span<byte> info = stackalloc byte[BytesAcknowledged + sizeof(long)];
                    _socket.GetRawSocketOption(ProtocolTcp, TcpInfo, info);
                    acknowledged = BinaryPrimitives.ReadInt64LittleEndian(info[BytesAcknowledged..]);
                }

                return true;
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // It has ended.
                return false;
            }
        }
    }
}
