namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What a client is told about an end: RFC 6455's code, and a few words that say nothing about what is behind the server.</summary>
internal static class CloseCodes
{
    private const int Normal = 1000;
    private const int GoingAway = 1001;
    private const int ProtocolError = 1002;
    private const int PolicyViolation = 1008;
    private const int MessageTooBig = 1009;
    private const int InternalError = 1011;

    public static int CodeOf(BridgeEnd end) => end switch
    {
        BridgeEnd.BackendEnded or BridgeEnd.ClientClosed or BridgeEnd.Idle or BridgeEnd.Application => Normal,
        BridgeEnd.Shutdown => GoingAway,
        BridgeEnd.ClientProtocolError => ProtocolError,
        BridgeEnd.Policy => PolicyViolation,
        BridgeEnd.MessageTooBig => MessageTooBig,
        _ => InternalError,
    };

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
}
