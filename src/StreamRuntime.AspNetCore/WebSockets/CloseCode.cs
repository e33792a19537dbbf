namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Why a WebSocket is closed, by RFC 6455, section 7.4.</summary>
internal enum CloseCode : ushort
{
    Normal = 1000,
    GoingAway = 1001,
    ProtocolError = 1002,
    UnsupportedData = 1003,
    InvalidText = 1007,
    PolicyViolation = 1008,
    TooBig = 1009,
    InternalError = 1011,
}
