using Microsoft.Extensions.Logging;

namespace StreamRuntime.Connections;

/// <summary>What pools say.</summary>
internal static partial class PoolLog
{
    [LoggerMessage(EventId = 60, Level = LogLevel.Debug, Message = "Pool {Pool}: a connection was opened")]
    public static partial void Opened(ILogger logger, string pool);

    [LoggerMessage(EventId = 61, Level = LogLevel.Warning, Message = "Pool {Pool}: a connection could not be opened")]
    public static partial void OpenFailed(ILogger logger, string pool, Exception failure);

    [LoggerMessage(EventId = 62, Level = LogLevel.Debug, Message = "Pool {Pool}: a connection did not close in order")]
    public static partial void CloseFailed(ILogger logger, string pool, Exception failure);

    [LoggerMessage(EventId = 63, Level = LogLevel.Warning, Message = "Pool {Pool}: the cancellation of what was being opened failed")]
    public static partial void CancellationFailed(ILogger logger, string pool, Exception failure);
}
