using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What a client is told about an end: RFC 6455's code, and a few words that say nothing about what is behind the server. And what it is to its connection.</summary>
internal static class CloseCodes
{
    public static int CodeOf(BridgeEnd end) => (int)(end switch
    {
        BridgeEnd.BackendEnded or BridgeEnd.ClientClosed or BridgeEnd.Idle or BridgeEnd.Application => CloseCode.Normal,
        BridgeEnd.Shutdown => CloseCode.GoingAway,
        BridgeEnd.ClientProtocolError => CloseCode.ProtocolError,
        BridgeEnd.Policy => CloseCode.PolicyViolation,
        BridgeEnd.MessageTooBig => CloseCode.TooBig,
        _ => CloseCode.InternalError,
    });

    public static string ReasonOf(BridgeEnd end) => end switch
    {
        BridgeEnd.BackendEnded => "the backend has ended",
        BridgeEnd.ConnectFailed => "the backend could not be reached",
        BridgeEnd.BackendFailed => "the backend failed",
        BridgeEnd.ClientClosed => "closed by the client",
        BridgeEnd.ClientLost => "the connection broke",
        BridgeEnd.ClientProtocolError => "the WebSocket protocol was broken",
        BridgeEnd.QueueBlocked => "the client took nothing for too long",
        BridgeEnd.MessageTooBig => "the message is too big",
        BridgeEnd.Policy => "not allowed here",
        BridgeEnd.Idle => "idle for too long",
        BridgeEnd.Shutdown => "the server shuts down",
        _ => "closed by the server",
    };

    /// <summary>What a bridge's end is to its connection.</summary>
    public static SessionEnd SessionEndOf(BridgeEnd end) => end switch
    {
        BridgeEnd.BackendEnded => SessionEnd.Completed,
        BridgeEnd.ClientClosed => SessionEnd.ClientClosed,
        BridgeEnd.ClientLost => SessionEnd.ClientGone,
        BridgeEnd.ClientProtocolError => SessionEnd.ProtocolError,
        BridgeEnd.QueueBlocked => SessionEnd.Blocked,
        BridgeEnd.MessageTooBig => SessionEnd.TooBig,
        BridgeEnd.Policy => SessionEnd.Abuse,
        BridgeEnd.Idle => SessionEnd.Idle,
        BridgeEnd.Application => SessionEnd.Administrator,
        BridgeEnd.Shutdown => SessionEnd.Shutdown,
        _ => SessionEnd.Failed,
    };

    /// <summary>What the end of a connection is to its bridge, where the connection decided it; none where only the bridge does.</summary>
    public static BridgeEnd BridgeEndOf(SessionEnd end) => end switch
    {
        SessionEnd.ClientGone or SessionEnd.NoPong => BridgeEnd.ClientLost,
        SessionEnd.ClientClosed => BridgeEnd.ClientClosed,
        SessionEnd.ProtocolError or SessionEnd.HandshakeTimeout => BridgeEnd.ClientProtocolError,
        SessionEnd.TooBig => BridgeEnd.MessageTooBig,
        SessionEnd.Abuse => BridgeEnd.Policy,
        SessionEnd.Idle => BridgeEnd.Idle,
        SessionEnd.Administrator => BridgeEnd.Application,
        SessionEnd.Shutdown => BridgeEnd.Shutdown,
        _ => BridgeEnd.None,
    };
}
