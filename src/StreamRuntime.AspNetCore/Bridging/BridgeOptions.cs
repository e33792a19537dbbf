using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>
/// How bridge sessions behave where they differ from other WebSockets. Their pings, control messages, tokens, origins, addresses and close times are those of
/// <see cref="StreamGatewayOptions"/>. Checked once when the gateway is added; immutable and safe to share.
/// </summary>
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
    /// than zero, or infinite; 5 s by default. On expiry the backend is released; the client is told by 1011 if it takes anything within
    /// <see cref="StreamGatewayOptions.CloseTimeout"/>, and cut off if not.
    /// </summary>
    public TimeSpan BlockedWriteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How much memory may be queued for one client, in bytes. From 64 KiB to 16 MiB; 256 KiB by default.</summary>
    public int MaxQueuedBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// When one side has failed or gone: how long what it had sent before may still take to be delivered. More than zero, and at most 1 h; 500 ms by default, so that the other side is closed
    /// within a second.
    /// </summary>
    public TimeSpan FlushTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long nothing may move either way, control messages included, before the session is closed; in place of <see cref="StreamGatewayOptions.IdleTimeout"/>. It does not run
    /// while the session is paused. More than zero, or infinite; 30 min by default: people think, and pings find the dead.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The largest binary message a client may send, in bytes. From 1; 1 MiB by default. A larger one closes the session by 1009.</summary>
    public int MaxMessageBytes { get; init; } = 1024 * 1024;

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    public void Validate()
    {
        Check(MaxSessions >= 1, "MaxSessions must be at least 1.");
        CheckTimeout(ConnectTimeout);
        CheckTimeout(BlockedWriteTimeout);
        CheckTimeout(IdleTimeout);
        Check(MaxQueuedBytes is >= 64 * 1024 and <= 16 * 1024 * 1024, "MaxQueuedBytes must be from 65536 to 16777216.");
        Check(FlushTime > TimeSpan.Zero && FlushTime <= LongestClose, "FlushTime must be more than zero, and at most 1 h.");
        Check(MaxMessageBytes >= 1, "MaxMessageBytes must be at least 1.");
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
