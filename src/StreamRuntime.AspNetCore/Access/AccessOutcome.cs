namespace StreamRuntime.AspNetCore.Access;

/// <summary>What came of looking at a request's token.</summary>
internal enum AccessOutcome : byte
{
    /// <summary>It may go on: the token was good, or none is asked for.</summary>
    Allowed = 0,

    /// <summary>A token is asked for, and there is none.</summary>
    Missing = 1,

    /// <summary>The token was refused.</summary>
    Refused = 2,

    /// <summary>The token could not be checked.</summary>
    Failed = 3,
}
