using Microsoft.Extensions.Logging;

namespace StreamRuntime.Streams;

/// <summary>The stream's log messages; none is written per row.</summary>
internal static partial class StreamLog
{
    [LoggerMessage(1, LogLevel.Information, "Stream paused ({Reason}) after {RowsDelivered} rows, with {RowsBuffered} rows and {BytesBuffered} bytes buffered")]
    public static partial void Paused(ILogger logger, string? reason, long rowsDelivered, long rowsBuffered, long bytesBuffered);

    [LoggerMessage(2, LogLevel.Information, "Stream resumed after a pause of {PausedMs} ms")]
    public static partial void Resumed(ILogger logger, double pausedMs);

    [LoggerMessage(3, LogLevel.Information, "Stream resumed by its pause timeout after {PausedMs} ms")]
    public static partial void ResumedByTimeout(ILogger logger, double pausedMs);

    [LoggerMessage(4, LogLevel.Debug, "Stream complete: {Rows} rows, {Bytes} bytes")]
    public static partial void Completed(ILogger logger, long rows, long bytes);

    [LoggerMessage(5, LogLevel.Debug, "Stream ended after {Rows} rows: {Error}")]
    public static partial void Failed(ILogger logger, long rows, string error);

    [LoggerMessage(6, LogLevel.Warning, "The stream's source failed to close")]
    public static partial void SourceNotClosed(ILogger logger, Exception failure);

    [LoggerMessage(7, LogLevel.Warning, "The stream's source failed to react to being stopped")]
    public static partial void SourceNotStopped(ILogger logger, Exception failure);

    [LoggerMessage(8, LogLevel.Information, "Stream parked after {RowsDelivered} rows; {RowsDropped} rows that were received will come again")]
    public static partial void Parked(ILogger logger, long rowsDelivered, int rowsDropped);

    [LoggerMessage(9, LogLevel.Information, "Parked stream opened again after {ParkedMs} ms")]
    public static partial void Unparked(ILogger logger, double parkedMs);

    [LoggerMessage(10, LogLevel.Warning, "A parked stream could not be opened again")]
    public static partial void NotUnparked(ILogger logger, Exception failure);
}
