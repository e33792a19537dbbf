namespace StreamRuntime.AspNetCore;

/// <summary>Why a session ended. The first reason stands.</summary>
internal enum SessionEnd : byte
{
    None = 0,
    Completed = 1,
    Failed = 2,
    Cancelled = 3,
    ClientGone = 4,
    ClientClosed = 5,
    HandshakeTimeout = 6,
    Unauthenticated = 7,
    Idle = 8,
    NoPong = 9,
    ProtocolError = 10,
    TooBig = 11,
    Abuse = 12,
    Administrator = 13,
    Shutdown = 14,
    Blocked = 15,
    Refused = 16,
}
