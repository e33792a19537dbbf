using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>What a connection's time has come for.</summary>
internal enum TimerAction : byte
{
    None = 0,

    /// <summary>It took too long to become open.</summary>
    HandshakeExpired = 1,

    /// <summary>A ping is to be sent.</summary>
    Ping = 2,

    /// <summary>No data came or went for too long.</summary>
    IdleExpired = 3,

    /// <summary>A ping went unanswered for too long.</summary>
    PongExpired = 4,

    /// <summary>The peer's close frame did not come.</summary>
    CloseExpired = 5,
}

/// <summary>Every timer of one connection as numbers: it says what is due and when to look again, and has no clock.</summary>
/// <remarks>
/// A mutable struct. Any thread may note that something happened, which is one write; one caller at a time steps. Nothing is rescheduled when data comes:
/// times only become later by it, so a look that comes too early finds nothing due and is repeated. That is why one deadline serves all timers.
/// </remarks>
internal struct ConnectionTimers(StreamGatewayOptions options, long now)
{
    // Pings of many connections that fall into the same tenth of a second are sent together, which wakes the processor once for all of them. Not more than
    // that: each ping and each answer takes a block of the server's memory while it waits to be sent or read, and the server keeps such memory.
    private const long PingGrid = 100_000_000;

    private readonly long _handshakeDue = MonotonicClock.After(now, options.HandshakeTimeout);
    private long _lastData = now;
    private long _pingDue = MonotonicClock.Never;
    private long _pongDue = MonotonicClock.Never;
    private long _closeDue = MonotonicClock.Never;

    /// <summary>Data came or went.</summary>
    public void DataAt(long now) => Volatile.Write(ref _lastData, now);

    /// <summary>The peer answered a ping.</summary>
    public void PongAt() => Volatile.Write(ref _pongDue, MonotonicClock.Never);

    /// <summary>The peer took what it had not taken before, so it is alive; its pong may be behind what it has yet to read.</summary>
    public void TakenAt(long now)
    {
        if (Volatile.Read(ref _pongDue) != MonotonicClock.Never)
        {
            Volatile.Write(ref _pongDue, MonotonicClock.After(now, options.PongTimeout));
        }
    }

    /// <summary>A ping was sent. The oldest one without an answer counts.</summary>
    public void PingAt(long now)
    {
        if (Volatile.Read(ref _pongDue) == MonotonicClock.Never)
        {
            Volatile.Write(ref _pongDue, MonotonicClock.After(now, options.PongTimeout));
        }
    }

    public void OpenAt(long now)
    {
        DataAt(now);
        _pingDue = NextPing(now);
    }

    /// <summary>The close frame is being sent. The first time counts.</summary>
    public void CloseAt(long now)
    {
        if (Volatile.Read(ref _closeDue) == MonotonicClock.Never)
        {
            Volatile.Write(ref _closeDue, MonotonicClock.After(now, options.CloseTimeout));
        }
    }

    /// <summary>What is due.</summary>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="state">Where the connection stands.</param>
    /// <param name="mayBeIdle">False while there is a reason for no data to come: a pause, or a client that takes nothing.</param>
    public TimerAction Step(long now, ConnectionState state, bool mayBeIdle)
    {
        switch (state)
        {
            case < ConnectionState.Open:
                return now >= _handshakeDue ? TimerAction.HandshakeExpired : TimerAction.None;
            case ConnectionState.Open when now >= Volatile.Read(ref _pongDue):
                return TimerAction.PongExpired;
            case ConnectionState.Open when mayBeIdle && now >= MonotonicClock.After(Volatile.Read(ref _lastData), options.IdleTimeout):
                return TimerAction.IdleExpired;
            case ConnectionState.Open when now >= _pingDue:
                _pingDue = NextPing(now);
                return TimerAction.Ping;
            case ConnectionState.Closing when now >= Volatile.Read(ref _closeDue):
                return TimerAction.CloseExpired;
            default:
                return TimerAction.None;
        }
    }

    // Early rather than late, and only where that is little of the interval.
    private readonly long NextPing(long now)
    {
        long due = MonotonicClock.After(now, options.PingInterval);
        return due == MonotonicClock.Never || options.PingInterval.Ticks * TimeSpan.NanosecondsPerTick < 10 * PingGrid ? due : due / PingGrid * PingGrid;
    }

    /// <summary>When to look again.</summary>
    public readonly long Next(long now, ConnectionState state, bool mayBeIdle) => state switch
    {
        < ConnectionState.Open => _handshakeDue,
        ConnectionState.Open => Math.Min(
            Math.Min(_pingDue, Volatile.Read(in _pongDue)),
            MonotonicClock.After(mayBeIdle ? Volatile.Read(in _lastData) : now, options.IdleTimeout)),
        ConnectionState.Closing => Volatile.Read(in _closeDue),
        _ => MonotonicClock.Never,
    };
}
