namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>What came of a request to pause or resume.</summary>
internal enum PauseAnswer : byte
{
    Done = 0,

    /// <summary>It was paused, or running, already.</summary>
    AsItWas = 1,

    /// <summary>The stream has ended, or has not begun.</summary>
    Ended = 2,

    /// <summary>There are as many paused, or running, streams as may be.</summary>
    NoPlace = 3,
}
