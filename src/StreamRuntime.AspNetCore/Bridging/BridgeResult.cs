namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What became of a session.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record BridgeResult
{
    /// <summary>The session's number.</summary>
    public required long Id { get; init; }

    /// <summary>Why it ended; tells who ended it.</summary>
    public required BridgeEnd End { get; init; }

    /// <summary>
    /// The WebSocket close code of that end. The client was sent it unless it was gone, had closed with a code of its own, or broke a rule that has a code of its own (1007).
    /// </summary>
    public required int CloseCode { get; init; }

    /// <summary>The words that went with it; hold nothing secret.</summary>
    public required string CloseReason { get; init; }

    /// <summary>The exit status of what ran at the backend; null where nothing has one, or it did not end by itself.</summary>
    public int? ExitStatus { get; init; }

    /// <summary>Everything that failed, in order: what ended the session first, then what failed while it was being closed. Empty when all went well.</summary>
    public required IReadOnlyList<Exception> Errors { get; init; }

    /// <summary>The session's figures at its end.</summary>
    public required BridgeStatistics Statistics { get; init; }
}
