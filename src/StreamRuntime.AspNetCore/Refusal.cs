namespace StreamRuntime.AspNetCore;

/// <summary>Why a request was turned away before any work was done for it.</summary>
internal enum Refusal : byte
{
    None = 0,

    /// <summary>There are as many connections as there may be.</summary>
    TooManyConnections = 1,

    /// <summary>This address has as many as one may have.</summary>
    TooManyFromAddress = 2,

    /// <summary>As many streams run as may.</summary>
    TooManyStreams = 3,

    /// <summary>The gateway is shutting down.</summary>
    ShuttingDown = 4,

    /// <summary>There are as many bridges as there may be.</summary>
    TooManyBridges = 5,
}
