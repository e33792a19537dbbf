namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>Where a client's connection stands. Values are never renumbered.</summary>
internal enum ConnectionState : byte
{
    /// <summary>Let in, nothing said yet.</summary>
    Connecting = 0,

    /// <summary>The protocol is being agreed on.</summary>
    Handshaking = 1,

    /// <summary>Who it is is being found out.</summary>
    Authenticating = 2,

    /// <summary>Rows and control messages flow.</summary>
    Open = 3,

    /// <summary>Its end was decided; on a WebSocket, the peer's close frame is waited for.</summary>
    Closing = 4,

    /// <summary>Gone. Final.</summary>
    Closed = 5,
}
