using System.Net;
using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore;

/// <summary>How a gateway behaves. Checked once when the gateway is made; immutable and safe to share.</summary>
public sealed record StreamGatewayOptions
{
    /// <summary>The options used where none are given.</summary>
    public static StreamGatewayOptions Default { get; } = new();

    /// <summary>
    /// How long a client may take from its connection to its first request, and on a WebSocket from the upgrade until it is open, authentication included.
    /// More than zero, or infinite; 10 s by default. On expiry the connection is closed (a WebSocket by 1002).
    /// </summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a WebSocket may carry no data in either direction; pings and pongs are no data. More than zero, or infinite; 60 s by default. It does not run
    /// while the stream is paused or the client takes nothing, since both are why no data comes. On expiry the connection is closed by 1000.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How often a WebSocket is pinged. More than zero, or infinite; 15 s by default. From 10 s up it may be a second less, so that connections are pinged together.
    /// </summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the answer to a ping may take before the peer is taken for dead. More than zero, or infinite; 30 s by default.</summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the peer's close frame is waited for before the connection is aborted, and on a bridge, how long each other step of its close may take. More than zero, and at
    /// most 1 h; 5 s by default.
    /// </summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the client of an HTTP result may take nothing of what is left of it once its last row was written, before its connection is cut off.
    /// More than zero, or infinite; 60 s by default. A result that still has rows to come waits for its client without a limit, and so does one over HTTP/2, whose connection has others.
    /// </summary>
    public TimeSpan UnreadTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How often a comment is sent on a stream of server-sent events that has no rows, so that nothing between takes the connection for dead. More than zero, or
    /// infinite; 15 s by default.
    /// </summary>
    public TimeSpan EventHeartbeatInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a pause that a client or an administrator asked for may last before the stream resumes by itself. More than zero, or infinite, which is the
    /// default. A paused query keeps its connection to the database.
    /// </summary>
    public TimeSpan PauseTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long a pause may last before a stream that can be parked gives its connection to the database back. More than zero, or infinite; 30 s by default. It goes for streams
    /// that are made with <see cref="Queries.RowsRequest.ToStreamOptions"/>.
    /// </summary>
    public TimeSpan ParkAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a client may come back with a resume token, to any node that shares the application's Data Protection keys. More than zero, or infinite. Null, the default:
    /// there are no tokens. They go for streams that are made with <see cref="Queries.RowsRequest.ToStreamOptions"/> and can be parked.
    /// </summary>
    public TimeSpan? ResumeTokenLifetime { get; init; }

    /// <summary>After how many rows, at most one batch more, a client that takes resume tokens is sent the next. From 1; 1 000 by default.</summary>
    public int CheckpointRows { get; init; } = 1_000;

    /// <summary>After how much time it is sent the next with the rows that come then, if there were fewer. More than zero, or infinite; 1 s by default.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>On shutdown, how long results under way may still take to finish; bridges, which have no end of their own, are closed at once. Zero or more; 5 s by default.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a shutdown may take in all before what is left is cut off. At least <see cref="DrainTime"/>; 30 s by default.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many results and WebSockets, bridges among them, there may be at once. From 1; 20 000 by default. More are refused by 503.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>How many of them one client address may have; an IPv6 client counts by its /64. From 1; 1 000 by default. More are refused by 429.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 1_000;

    /// <summary>How many streams may run at once, paused ones not counted. From 1; 1 000 by default. More are refused by 503.</summary>
    public int MaxRunningStreams { get; init; } = 1_000;

    /// <summary>How many streams may be paused at once by request. From 0; 10 000 by default. A pause beyond it is refused.</summary>
    public int MaxPausedStreams { get; init; } = 10_000;

    /// <summary>What <c>Retry-After</c> says where a client is refused for now, in whole seconds. From 1 s; 5 s by default.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The largest control message a client may send, in bytes. From 128 to 1 MiB; 16 KiB by default. A larger one closes the WebSocket by 1009.</summary>
    public int MaxControlMessageBytes { get; init; } = 16 * 1024;

    /// <summary>How many control frames and control messages a client may send within a second. From 1; 100 by default. More close the WebSocket by 1008.</summary>
    public int MaxControlFramesPerSecond { get; init; } = 100;

    /// <summary>How many fragments one message may come in. From 1; 64 by default. More close the WebSocket by 1008.</summary>
    public int MaxFragments { get; init; } = 64;

    /// <summary>How many unknown or malformed control messages a client may send on one connection. From 0; 10 by default. More close the WebSocket by 1008.</summary>
    public int MaxInvalidMessages { get; init; } = 10;

    /// <summary>
    /// The proxies whose <c>X-Forwarded-For</c> is believed. None by default: the client is then whoever the connection comes from. The client is the rightmost
    /// address that is no trusted proxy.
    /// </summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>
    /// The origins from which browsers may open a WebSocket, such as <c>https://app.example.com</c>; <c>*</c> for all. None by default: then only pages that come
    /// from the very host they connect to. Clients that send no <c>Origin</c> are no browsers and are not asked.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>
    /// Turns tokens into users. When it is set, every request for rows and for a bridge needs a token: as <c>Authorization: Bearer</c>, as the query value <c>access_token</c>, or,
    /// on a WebSocket, as its first control message. Null by default: ASP.NET Core's own authentication and policies are used alone.
    /// </summary>
    public TokenAuthenticator? Authenticate { get; init; }

    /// <summary>The clock. The system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// How much later than due a timer may fire, from 1 ms to 1 s; 100 ms by default, so that the heartbeats of many connections share a wake-up.
    /// </summary>
    public TimeSpan TimerGranularity { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    public void Validate()
    {
        CheckTimeout(HandshakeTimeout);
        CheckTimeout(IdleTimeout);
        CheckTimeout(PingInterval);
        CheckTimeout(PongTimeout);
        CheckTimeout(UnreadTimeout);
        CheckTimeout(EventHeartbeatInterval);
        CheckTimeout(PauseTimeout);
        CheckTimeout(ParkAfter);
        CheckTimeout(CheckpointInterval);
        CheckTimeout(ResumeTokenLifetime ?? Timeout.InfiniteTimeSpan, nameof(ResumeTokenLifetime));
        Check(CheckpointRows >= 1, "CheckpointRows must be at least 1.");
        Check(CloseTimeout > TimeSpan.Zero && CloseTimeout <= TimeSpan.FromHours(1), "CloseTimeout must be more than zero, and at most 1 h.");
        Check(DrainTime >= TimeSpan.Zero, "DrainTime must not be negative.");
        Check(ShutdownTimeout >= DrainTime, "ShutdownTimeout must be at least DrainTime.");
        Check(MaxConnections >= 1, "MaxConnections must be at least 1.");
        Check(MaxConnectionsPerAddress >= 1, "MaxConnectionsPerAddress must be at least 1.");
        Check(MaxRunningStreams >= 1, "MaxRunningStreams must be at least 1.");
        Check(MaxPausedStreams >= 0, "MaxPausedStreams must not be negative.");
        Check(RetryAfter >= TimeSpan.FromSeconds(1), "RetryAfter must be at least 1 s.");
        Check(MaxControlMessageBytes is >= 128 and <= 1024 * 1024, "MaxControlMessageBytes must be from 128 to 1048576.");
        Check(MaxControlFramesPerSecond >= 1, "MaxControlFramesPerSecond must be at least 1.");
        Check(MaxFragments >= 1, "MaxFragments must be at least 1.");
        Check(MaxInvalidMessages >= 0, "MaxInvalidMessages must not be negative.");
        Check(TimerGranularity >= TimeSpan.FromMilliseconds(1) && TimerGranularity <= TimeSpan.FromSeconds(1), "TimerGranularity must be from 1 ms to 1 s.");
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(TrustedProxies);
        ArgumentNullException.ThrowIfNull(AllowedOrigins);
    }

    private static void CheckTimeout(TimeSpan value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Check(value > TimeSpan.Zero || value == Timeout.InfiniteTimeSpan, $"{name} must be more than zero, or infinite.");

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, message);
        }
    }
}
