namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What a session has done so far. Values may be of slightly different instants while it runs.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record BridgeStatistics
{
    /// <summary>The session's number, from 1 up, unique in its gateway.</summary>
    public required long Id { get; init; }

    /// <summary>The endpoint's name.</summary>
    public required string Endpoint { get; init; }

    /// <summary>What sort of backend it has, such as <c>ssh</c>.</summary>
    public required string Backend { get; init; }

    /// <summary>Where it stands.</summary>
    public required BridgeState State { get; init; }

    /// <summary>How long it has been in each state, by the state's value; zero for one it never was in. The last one, Closed, stays zero.</summary>
    public required IReadOnlyList<TimeSpan> TimeInState { get; init; }

    /// <summary>How many transitions it has made; from 0 to 4.</summary>
    public required int Transitions { get; init; }

    /// <summary>How long ago bytes last moved, either way, or the session was made.</summary>
    public required TimeSpan SinceLastActivity { get; init; }

    /// <summary>Bytes sent to the client, control messages not counted.</summary>
    public required long BytesToClient { get; init; }

    /// <summary>Messages sent to the client, control messages not counted.</summary>
    public required long MessagesToClient { get; init; }

    /// <summary>Bytes sent to the backend.</summary>
    public required long BytesToBackend { get; init; }

    /// <summary>Writes to the backend; a client's large message counts as several, and small ones that had to wait together as one.</summary>
    public required long MessagesToBackend { get; init; }

    /// <summary>Messages that wait to be sent to the client.</summary>
    public required int QueuedMessages { get; init; }

    /// <summary>The memory of the messages that wait to be sent to the client or are being sent, in bytes.</summary>
    public required long QueuedBytes { get; init; }

    /// <summary>True while the session is paused.</summary>
    public required bool IsPaused { get; init; }

    /// <summary>How often it was paused.</summary>
    public required int Pauses { get; init; }

    /// <summary>How long it was paused in all, a pause under way included.</summary>
    public required TimeSpan PausedTime { get; init; }
}
