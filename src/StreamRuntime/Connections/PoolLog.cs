using Microsoft.Extensions.Logging;

namespace StreamRuntime.Connections;

/// <summary>What pools say.</summary>
/// <remarks>Defined by hand: what the compiler's generator makes of several such classes comes in an order of chance, and no two builds of the library would be alike.</remarks>
internal static class PoolLog
{
    private static readonly Action<ILogger, string, Exception?> s_opened =
        LoggerMessage.Define<string>(LogLevel.Debug, new EventId(60, nameof(Opened)), "Pool {Pool}: a connection was opened");

    private static readonly Action<ILogger, string, Exception?> s_openFailed =
        LoggerMessage.Define<string>(LogLevel.Warning, new EventId(61, nameof(OpenFailed)), "Pool {Pool}: a connection could not be opened");

    private static readonly Action<ILogger, string, Exception?> s_closeFailed =
        LoggerMessage.Define<string>(LogLevel.Debug, new EventId(62, nameof(CloseFailed)), "Pool {Pool}: a connection did not close in order");

    private static readonly Action<ILogger, string, Exception?> s_cancellationFailed =
        LoggerMessage.Define<string>(LogLevel.Warning, new EventId(63, nameof(CancellationFailed)), "Pool {Pool}: the cancellation of what was being opened failed");

    public static void Opened(ILogger logger, string pool) =>
        s_opened(logger, pool, null);

    public static void OpenFailed(ILogger logger, string pool, Exception failure) =>
        s_openFailed(logger, pool, failure);

    public static void CloseFailed(ILogger logger, string pool, Exception failure) =>
        s_closeFailed(logger, pool, failure);

    public static void CancellationFailed(ILogger logger, string pool, Exception failure) =>
        s_cancellationFailed(logger, pool, failure);
}
