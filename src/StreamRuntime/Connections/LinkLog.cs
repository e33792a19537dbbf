using Microsoft.Extensions.Logging;

namespace StreamRuntime.Connections;

/// <summary>The links' log messages.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(111, LogLevel.Debug, "Link moved by {Action} from {From} to {To}")]
    public static partial void Moved(ILogger logger, LinkActionKind action, LinkStatus? from, LinkStatus to);

    [LoggerMessage(112, LogLevel.Debug, "Link not moved by {Action}: refused, it is {Actual}")]
    public static partial void Refused(ILogger logger, LinkActionKind action, LinkStatus? actual);

    [LoggerMessage(113, LogLevel.Information, "Attempt {Attempt} of {MaxAttempts} to connect to {Endpoint} failed; the next follows after {WaitMs} ms")]
    public static partial void RetriedLater(ILogger logger, int attempt, int maxAttempts, object endpoint, double waitMs, Exception error);

    [LoggerMessage(114, LogLevel.Warning, "Attempt {Attempt} of {MaxAttempts} to connect to {Endpoint} failed; no other follows")]
    public static partial void FailedPermanently(ILogger logger, int attempt, int maxAttempts, object endpoint, Exception error);

    [LoggerMessage(115, LogLevel.Debug, "Attempt {Attempt} to connect to {Endpoint} had been given up when it failed")]
    public static partial void LateFailure(ILogger logger, int attempt, object endpoint, Exception error);

    [LoggerMessage(116, LogLevel.Debug, "Attempt {Attempt} to connect to {Endpoint} had been given up when it succeeded; its connection is closed")]
    public static partial void LateConnection(ILogger logger, int attempt, object endpoint);

    [LoggerMessage(117, LogLevel.Warning, "A connection to {Endpoint} that came too late failed to close")]
    public static partial void LateConnectionNotClosed(ILogger logger, object endpoint, Exception failure);

    [LoggerMessage(118, LogLevel.Warning, "The cancellation of an attempt to connect to {Endpoint} failed")]
    public static partial void CancellationFailed(ILogger logger, object endpoint, Exception failure);

    [LoggerMessage(119, LogLevel.Warning, "IsRetryable failed on the error of an attempt to connect to {Endpoint}; taken for yes")]
    public static partial void IsRetryableFailed(ILogger logger, object endpoint, Exception failure);
}
