namespace StreamRuntime.AspNetCore;

/// <summary>How far a shutdown has come.</summary>
internal enum GatewayPhase : byte
{
    /// <summary>New work is welcome.</summary>
    Serving = 0,

    /// <summary>New work is refused; what runs may finish.</summary>
    Draining = 1,

    /// <summary>What still runs is being ended in order.</summary>
    Closing = 2,

    /// <summary>What is left is cut off.</summary>
    Forced = 3,
}
