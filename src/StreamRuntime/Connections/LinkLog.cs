using Microsoft.Extensions.Logging;

namespace StreamRuntime.Connections;

/// <summary>The links' log messages.</summary>
/// <remarks>Defined by hand: what the compiler's generator makes of several such classes comes in an order of chance, and no two builds of the library would be alike.</remarks>
internal static class LinkLog
{
    private static readonly Action<ILogger, LinkActionKind, LinkStatus?, LinkStatus, Exception?> s_moved =
        LoggerMessage.Define<LinkActionKind, LinkStatus?, LinkStatus>(LogLevel.Debug, new EventId(111, nameof(Moved)), "Link moved by {Action} from {From} to {To}");

    private static readonly Action<ILogger, LinkActionKind, LinkStatus?, Exception?> s_refused =
        LoggerMessage.Define<LinkActionKind, LinkStatus?>(LogLevel.Debug, new EventId(112, nameof(Refused)), "Link not moved by {Action}: refused, it is {Actual}");

    private static readonly Action<ILogger, int, int, object, double, Exception?> s_retriedLater =
        LoggerMessage.Define<int, int, object, double>(LogLevel.Information, new EventId(113, nameof(RetriedLater)), "Attempt {Attempt} of {MaxAttempts} to connect to {Endpoint} failed; the next follows after {WaitMs} ms");

    private static readonly Action<ILogger, int, int, object, Exception?> s_failedPermanently =
        LoggerMessage.Define<int, int, object>(LogLevel.Warning, new EventId(114, nameof(FailedPermanently)), "Attempt {Attempt} of {MaxAttempts} to connect to {Endpoint} failed; no other follows");

    private static readonly Action<ILogger, int, object, Exception?> s_lateFailure =
        LoggerMessage.Define<int, object>(LogLevel.Debug, new EventId(115, nameof(LateFailure)), "Attempt {Attempt} to connect to {Endpoint} had been given up when it failed");

    private static readonly Action<ILogger, int, object, Exception?> s_lateConnection =
        LoggerMessage.Define<int, object>(LogLevel.Debug, new EventId(116, nameof(LateConnection)), "Attempt {Attempt} to connect to {Endpoint} had been given up when it succeeded; its connection is closed");

    private static readonly Action<ILogger, object, Exception?> s_lateConnectionNotClosed =
        LoggerMessage.Define<object>(LogLevel.Warning, new EventId(117, nameof(LateConnectionNotClosed)), "A connection to {Endpoint} that came too late failed to close");

    private static readonly Action<ILogger, object, Exception?> s_cancellationFailed =
        LoggerMessage.Define<object>(LogLevel.Warning, new EventId(118, nameof(CancellationFailed)), "The cancellation of an attempt to connect to {Endpoint} failed");

    private static readonly Action<ILogger, object, Exception?> s_isRetryableFailed =
        LoggerMessage.Define<object>(LogLevel.Warning, new EventId(119, nameof(IsRetryableFailed)), "IsRetryable failed on the error of an attempt to connect to {Endpoint}; taken for yes");

    public static void Moved(ILogger logger, LinkActionKind action, LinkStatus? from, LinkStatus to) =>
        s_moved(logger, action, from, to, null);

    public static void Refused(ILogger logger, LinkActionKind action, LinkStatus? actual) =>
        s_refused(logger, action, actual, null);

    public static void RetriedLater(ILogger logger, int attempt, int maxAttempts, object endpoint, double waitMs, Exception error) =>
        s_retriedLater(logger, attempt, maxAttempts, endpoint, waitMs, error);

    public static void FailedPermanently(ILogger logger, int attempt, int maxAttempts, object endpoint, Exception error) =>
        s_failedPermanently(logger, attempt, maxAttempts, endpoint, error);

    public static void LateFailure(ILogger logger, int attempt, object endpoint, Exception error) =>
        s_lateFailure(logger, attempt, endpoint, error);

    public static void LateConnection(ILogger logger, int attempt, object endpoint) =>
        s_lateConnection(logger, attempt, endpoint, null);

    public static void LateConnectionNotClosed(ILogger logger, object endpoint, Exception failure) =>
        s_lateConnectionNotClosed(logger, endpoint, failure);

    public static void CancellationFailed(ILogger logger, object endpoint, Exception failure) =>
        s_cancellationFailed(logger, endpoint, failure);

    public static void IsRetryableFailed(ILogger logger, object endpoint, Exception failure) =>
        s_isRetryableFailed(logger, endpoint, failure);
}
