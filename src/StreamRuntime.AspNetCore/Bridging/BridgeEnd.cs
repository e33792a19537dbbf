namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Why a bridge session ended. The first reason stands. Values are never renumbered.</summary>
public enum BridgeEnd : byte
{
    /// <summary>It has not ended.</summary>
    None = 0,

    /// <summary>The backend ended in order. Close code 1000.</summary>
    BackendEnded = 1,

    /// <summary>The backend could not be reached, or refused us. Close code 1011.</summary>
    ConnectFailed = 2,

    /// <summary>The backend failed while bytes moved. Close code 1011.</summary>
    BackendFailed = 3,

    /// <summary>The client closed its WebSocket, and its own code is the answer, or asked for the session to be closed, by 1000.</summary>
    ClientClosed = 4,

    /// <summary>The client's connection broke. Nobody is left to be told a code; 1011 is tried.</summary>
    ClientLost = 5,

    /// <summary>The client broke the WebSocket protocol. Close code 1002, or 1007 for a text that is not UTF-8.</summary>
    ClientProtocolError = 6,

    /// <summary>The client took nothing for too long. Close code 1011, if it reads again before it is cut off.</summary>
    QueueBlocked = 7,

    /// <summary>The client sent a message larger than allowed. Close code 1009.</summary>
    MessageTooBig = 8,

    /// <summary>The client did what the options forbid. Close code 1008.</summary>
    Policy = 9,

    /// <summary>No bytes moved either way for too long. Close code 1000.</summary>
    Idle = 10,

    /// <summary>The application closed the session. Close code 1000.</summary>
    Application = 11,

    /// <summary>The server shuts down. Close code 1001.</summary>
    Shutdown = 12,
}
