using Microsoft.Extensions.Logging;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What bridge sessions say; never a byte of what they carry.</summary>
internal static partial class BridgeLog
{
    [LoggerMessage(EventId = 120, Level = LogLevel.Debug, Message = "Session {Session} of {Endpoint} by {Backend} is active")]
    public static partial void Active(ILogger logger, long session, string endpoint, string backend);

    [LoggerMessage(EventId = 121, Level = LogLevel.Information, Message = "Session {Session} of {Endpoint} by {Backend} ended: {End}, {BytesToClient} bytes to the client, {BytesToBackend} to the backend")]
    public static partial void Ended(ILogger logger, long session, string endpoint, string backend, BridgeEnd end, long bytesToClient, long bytesToBackend);

    [LoggerMessage(EventId = 122, Level = LogLevel.Warning, Message = "Session {Session} of {Endpoint}: {End}")]
    public static partial void Failed(ILogger logger, long session, string endpoint, BridgeEnd end, Exception failure);

    [LoggerMessage(EventId = 124, Level = LogLevel.Information, Message = "All {Sessions} bridge sessions are being closed")]
    public static partial void ClosingAll(ILogger logger, int sessions);

    [LoggerMessage(EventId = 125, Level = LogLevel.Warning, Message = "{Endpoint}: the backend could not be made")]
    public static partial void BackendNotMade(ILogger logger, string endpoint, Exception failure);

    [LoggerMessage(EventId = 126, Level = LogLevel.Debug, Message = "Session {Session} was paused")]
    public static partial void Paused(ILogger logger, long session);

    [LoggerMessage(EventId = 127, Level = LogLevel.Debug, Message = "Session {Session} was resumed")]
    public static partial void Resumed(ILogger logger, long session);

    [LoggerMessage(EventId = 128, Level = LogLevel.Debug, Message = "Session {Session} of {Endpoint}: the client's connection broke")]
    public static partial void ClientLost(ILogger logger, long session, string endpoint, Exception failure);
}
