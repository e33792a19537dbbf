using Microsoft.Extensions.Logging;

namespace StreamRuntime.Connections;

/// <summary>The connections' log messages.</summary>
/// <remarks>Defined by hand: what the compiler's generator makes of several such classes comes in an order of chance, and no two builds of the library would be alike.</remarks>
internal static class ConnectionLog
{
    private static readonly Action<ILogger, KeepAliveState, KeepAliveState, KeepAliveState, Exception?> s_moveRefused =
        LoggerMessage.Define<KeepAliveState, KeepAliveState, KeepAliveState>(LogLevel.Debug, new EventId(101, nameof(MoveRefused)), "Connection not moved from {From} to {To}: refused, it is {Actual}");

    private static readonly Action<ILogger, KeepAliveState, KeepAliveState, Exception?> s_moved =
        LoggerMessage.Define<KeepAliveState, KeepAliveState>(LogLevel.Trace, new EventId(102, nameof(Moved)), "Connection moved from {From} to {To}");

    public static void MoveRefused(ILogger logger, KeepAliveState from, KeepAliveState to, KeepAliveState actual) =>
        s_moveRefused(logger, from, to, actual, null);

    public static void Moved(ILogger logger, KeepAliveState from, KeepAliveState to) =>
        s_moved(logger, from, to, null);
}
