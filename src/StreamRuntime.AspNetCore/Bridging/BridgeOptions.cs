using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>How bridge sessions behave. Checked once when their manager is made; immutable and safe to share.</summary>
public sealed record BridgeOptions
{
    // Whole milliseconds in 32 bits are what the system's timers take.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(24);
    private static readonly TimeSpan LongestClose = TimeSpan.FromHours(1);

    /// <summary>The defaults.</summary>
    public static BridgeOptions Default { get; } = new();

    /// <summary>How many sessions there may be at once. From 1; 1 000 by default. More are refused by 503 before any work is done for them.</summary>
    public int MaxSessions { get; init; } = 1_000;

    /// <summary>How long a backend may take to be reached, everything included. More than zero, or infinite; 10 s by default.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a message may wait for room in the queue to the client, that is, how long the client may take nothing. It does not run while the session is paused. More
    /// than zero, or infinite; 5 s by default.
    /// </summary>
    public TimeSpan BlockedWriteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How much memory may be queued for one client, in bytes. From 64 KiB to 16 MiB; 256 KiB by default.</summary>
    public int MaxQueuedBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// When one side has failed or gone: how long what it had sent before may still take to be delivered. More than zero, and at most 1 h; 500 ms by default, so that the other side is closed
    /// within a second.
    /// </summary>
    public TimeSpan FlushTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long each step of a close may take: pumps that don't end, a backend that is not released, a client that does not answer. More than zero, and at most 1 h; 5 s by default.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long no byte may move either way before the session is closed. It does not run while the session is paused. More than zero, or infinite; 30 min by default:
    /// people think, and pings find the dead.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often a WebSocket is pinged. More than zero, or infinite; 15 s by default.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the answer to a ping may take before the client is taken for gone. More than zero, or infinite; 30 s by default.</summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest binary message a client may send, in bytes. From 1; 1 MiB by default. A larger one closes the session by 1009.</summary>
    public int MaxMessageBytes { get; init; } = 1024 * 1024;

    /// <summary>The largest control message a client may send, in bytes. From 64 to 64 KiB; 4 KiB by default. A larger one closes the session by 1009.</summary>
    public int MaxControlMessageBytes { get; init; } = 4 * 1024;

    /// <summary>How many control messages a client may send within a second. From 1; 100 by default. More close the session by 1008.</summary>
    public int MaxControlMessagesPerSecond { get; init; } = 100;

    /// <summary>How many unknown or malformed control messages a client may send in all. From 0; 10 by default. More close the session by 1008.</summary>
    public int MaxInvalidMessages { get; init; } = 10;

    /// <summary>
    /// The origins from which browsers may open a session, such as <c>https://app.example.com</c>; <c>*</c> for all. None by default: then only pages that come from the very
    /// host they connect to. Clients that send no <c>Origin</c> are no browsers and are not asked.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>What <c>Retry-After</c> says where a client is refused for now, in whole seconds. From 1 s; 5 s by default.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How much later than due a timer may fire, from 1 ms to 1 s; 10 ms by default.</summary>
    public TimeSpan TimerGranularity { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The clock. The system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where sessions are logged; never a byte of what they carry. Nowhere by default, or where the application logs if it makes the manager.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    public void Validate()
    {
        Check(MaxSessions >= 1, "MaxSessions must be at least 1.");
        CheckTimeout(ConnectTimeout);
        CheckTimeout(BlockedWriteTimeout);
        CheckTimeout(IdleTimeout);
        CheckTimeout(PingInterval);
        CheckTimeout(PongTimeout);
        Check(MaxQueuedBytes is >= 64 * 1024 and <= 16 * 1024 * 1024, "MaxQueuedBytes must be from 65536 to 16777216.");
        Check(FlushTime > TimeSpan.Zero && FlushTime <= LongestClose, "FlushTime must be more than zero, and at most 1 h.");
        Check(CloseTimeout > TimeSpan.Zero && CloseTimeout <= LongestClose, "CloseTimeout must be more than zero, and at most 1 h.");
        Check(MaxMessageBytes >= 1, "MaxMessageBytes must be at least 1.");
        Check(MaxControlMessageBytes is >= 64 and <= 64 * 1024, "MaxControlMessageBytes must be from 64 to 65536.");
        Check(MaxControlMessagesPerSecond >= 1, "MaxControlMessagesPerSecond must be at least 1.");
        Check(MaxInvalidMessages >= 0, "MaxInvalidMessages must not be negative.");
        Check(RetryAfter >= TimeSpan.FromSeconds(1), "RetryAfter must be at least 1 s.");
        Check(TimerGranularity >= TimeSpan.FromMilliseconds(1) && TimerGranularity <= TimeSpan.FromSeconds(1), "TimerGranularity must be from 1 ms to 1 s.");
        Check(AllowedOrigins is not null, "AllowedOrigins must be given.");
        Check(TimeProvider is not null, "TimeProvider must be given.");
        Check(Logger is not null, "Logger must be given.");
    }

    private static void CheckTimeout(TimeSpan value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Check((value > TimeSpan.Zero && value <= LongestTimeout) || value == Timeout.InfiniteTimeSpan, $"{name} must be more than zero and at most 24 days, or infinite.");

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, message);
        }
    }
}
