using Microsoft.Extensions.Logging;

namespace StreamRuntime.AspNetCore.Diagnostics;

/// <summary>What a gateway says; never a row, a parameter's value or a token.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(EventId = 80, Level = LogLevel.Debug, Message = "Session {Session} of {Endpoint} by {Transport} ended: {End}, {Rows} rows")]
    public static partial void SessionEnded(ILogger logger, long session, string endpoint, string transport, SessionEnd end, long rows);

    [LoggerMessage(EventId = 81, Level = LogLevel.Warning, Message = "{Endpoint}: the stream could not be opened, or failed before its first row")]
    public static partial void OpenFailed(ILogger logger, string endpoint, Exception failure);

    [LoggerMessage(EventId = 82, Level = LogLevel.Warning, Message = "{Endpoint}: the stream failed after {Rows} rows")]
    public static partial void StreamFailed(ILogger logger, string endpoint, long rows, Exception failure);

    [LoggerMessage(EventId = 83, Level = LogLevel.Information, Message = "{Endpoint}: a request was refused: {Reason}")]
    public static partial void Refused(ILogger logger, string endpoint, Refusal reason);

    [LoggerMessage(EventId = 84, Level = LogLevel.Information, Message = "The gateway goes on to {Phase}, with {Connections} connections")]
    public static partial void PhaseChanged(ILogger logger, GatewayPhase phase, int connections);

    [LoggerMessage(EventId = 85, Level = LogLevel.Information, Message = "Session {Session}: the WebSocket is closed by {Code}: {Reason}")]
    public static partial void WebSocketClosing(ILogger logger, long session, int code, string reason);

    [LoggerMessage(EventId = 86, Level = LogLevel.Debug, Message = "Session {Session}: the connection broke")]
    public static partial void ConnectionBroke(ILogger logger, long session, Exception failure);

    [LoggerMessage(EventId = 87, Level = LogLevel.Information, Message = "A connection from {Client} made no request within {TimeoutMs} ms and was cut off")]
    public static partial void HandshakeTimedOut(ILogger logger, string client, double timeoutMs);

    [LoggerMessage(EventId = 88, Level = LogLevel.Warning, Message = "{Endpoint}: the token could not be checked")]
    public static partial void AuthenticationFailed(ILogger logger, string endpoint, Exception failure);

    [LoggerMessage(EventId = 89, Level = LogLevel.Information, Message = "A client took nothing of what was left of its result for {TimeoutMs} ms and was cut off")]
    public static partial void ResultNotTaken(ILogger logger, double timeoutMs);
}
