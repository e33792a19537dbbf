namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What all sessions of a manager have done so far, those that have ended and those that run.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record BridgeTotals
{
    /// <summary>Sessions that hold a place now.</summary>
    public required int Active { get; init; }

    /// <summary>Of these, the paused ones.</summary>
    public required int Paused { get; init; }

    /// <summary>Sessions made.</summary>
    public required long Started { get; init; }

    /// <summary>Sessions that have ended.</summary>
    public required long Ended { get; init; }

    /// <summary>Sessions refused, by the limit or the shutdown.</summary>
    public required long Refused { get; init; }

    /// <summary>Bytes sent to clients.</summary>
    public required long BytesToClients { get; init; }

    /// <summary>Messages sent to clients.</summary>
    public required long MessagesToClients { get; init; }

    /// <summary>Bytes sent to backends.</summary>
    public required long BytesToBackends { get; init; }

    /// <summary>Writes to backends.</summary>
    public required long MessagesToBackends { get; init; }

    /// <summary>Pauses.</summary>
    public required long Pauses { get; init; }
}
