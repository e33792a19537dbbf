namespace StreamRuntime.Streams;

/// <summary>Where a stream stands. Values are never renumbered.</summary>
public enum StreamState : byte
{
    /// <summary>Rows flow as fast as they are read.</summary>
    Running = 0,

    /// <summary>No further receive is started; rows already received can still be read.</summary>
    Paused = 1,

    /// <summary>Every row was delivered and the source confirmed the end. Final.</summary>
    Complete = 2,

    /// <summary>The stream failed, was cancelled, or was disposed before its end. Final.</summary>
    Error = 3,
}
