namespace StreamRuntime.Connections;

/// <summary>Whether a connection is in use, waiting, or broken. Values are never renumbered.</summary>
public enum KeepAliveState : byte
{
    /// <summary>In use. It has no deadline.</summary>
    Active = 0,

    /// <summary>Waiting to be used, until its deadline.</summary>
    Idle = 1,

    /// <summary>Broken, or idle for too long: to be closed at once, and never to be used again.</summary>
    Error = 2,
}
