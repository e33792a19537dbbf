namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Where a bridge session stands. Values are never renumbered.</summary>
public enum BridgeState : byte
{
    /// <summary>Made, and nothing begun yet.</summary>
    Created = 0,

    /// <summary>The backend is being reached.</summary>
    Connecting = 1,

    /// <summary>Bytes move both ways.</summary>
    Active = 2,

    /// <summary>Its end was decided; both sides are being released.</summary>
    Closing = 3,

    /// <summary>Everything is released. Final.</summary>
    Closed = 4,
}
