using Microsoft.Extensions.Logging;

namespace StreamRuntime.Connections;

/// <summary>The connections' log messages.</summary>
internal static partial class ConnectionLog
{
    [LoggerMessage(101, LogLevel.Debug, "Connection not moved from {From} to {To}: refused, it is {Actual}")]
    public static partial void MoveRefused(ILogger logger, KeepAliveState from, KeepAliveState to, KeepAliveState actual);

    [LoggerMessage(102, LogLevel.Trace, "Connection moved from {From} to {To}")]
    public static partial void Moved(ILogger logger, KeepAliveState from, KeepAliveState to);
}
