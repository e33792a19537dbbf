using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Limits;

/// <summary>Cuts off a connection that makes no request in time, however it spends that time: silent, in its TLS handshake, or a byte a second.</summary>
internal sealed class HandshakeGuard
{
    private readonly ConnectionContext _connection;
    private readonly Deadline _deadline;
    private readonly TimeSpan _timeout;
    private readonly ILogger _logger;

    private HandshakeGuard(ConnectionContext connection, TimingWheel wheel, TimeSpan timeout, ILogger logger)
    {
        _connection = connection;
        _timeout = timeout;
        _logger = logger;
        _deadline = new Deadline(wheel, static guard => ((HandshakeGuard)guard!).Expired(), this);
        _deadline.Schedule(MonotonicClock.After(wheel.Clock.Now, timeout));
    }

    /// <summary>Watches a connection until its first request.</summary>
    public static Task WatchAsync(ConnectionContext connection, ConnectionDelegate next, TimingWheel wheel, TimeSpan timeout, ILogger logger)
    {
        connection.Features.Set(new HandshakeGuard(connection, wheel, timeout, logger));

        // Nothing is awaited, so that the many connections that live long keep nothing for it. One that ends before its time is aborted once more, which does nothing.
        return next(connection);
    }

    /// <summary>The connection has made its first request; what comes after is the server's business.</summary>
    public void RequestCame()
    {
        _deadline.Cancel();
        _connection.Features.Set<HandshakeGuard>(null);
    }

    private void Expired()
    {
        if (_logger.IsEnabled(LogLevel.Information))
        {
            string client = _connection.RemoteEndPoint?.ToString() ?? "?";
            GatewayLog.HandshakeTimedOut(_logger, client, _timeout.TotalMilliseconds);
        }

        _connection.Abort(new ConnectionAbortedException("The connection made no request in time."));
    }
}
