namespace StreamRuntime.Streams;

/// <summary>What a stream has done so far. A snapshot: asking for it consumes nothing and stops nothing.</summary>
public sealed record StreamStatistics
{
    /// <summary>Where the stream stands.</summary>
    public required StreamState State { get; init; }

    /// <summary>Rows handed to the consumer.</summary>
    public required long RowsDelivered { get; init; }

    /// <summary>Bytes of those rows, framing not counted.</summary>
    public required long BytesDelivered { get; init; }

    /// <summary>Rows the predicate dropped.</summary>
    public required long RowsFiltered { get; init; }

    /// <summary>Bytes the stream holds right now: received and not yet released, a partial row included.</summary>
    public required long BufferedBytes { get; init; }

    /// <summary>The most bytes the stream ever held.</summary>
    public required long PeakBufferedBytes { get; init; }

    /// <summary>From the stream's start to its first row; null while there was none.</summary>
    public required TimeSpan? TimeToFirstRow { get; init; }

    /// <summary>From the stream's start to its end, or to now.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>How long the source was waited for.</summary>
    public required TimeSpan WaitingTime { get; init; }

    /// <summary>How long the stream was paused, the current pause included.</summary>
    public required TimeSpan PausedTime { get; init; }

    /// <summary>How long the pause under way has lasted; zero while the stream is not paused.</summary>
    public TimeSpan CurrentPause { get; init; }

    /// <summary>The rest of <see cref="Elapsed"/>: the consumer had rows to work on, or did not ask for more.</summary>
    public TimeSpan ConsumerTime => Elapsed > WaitingTime + PausedTime ? Elapsed - WaitingTime - PausedTime : TimeSpan.Zero;

    /// <summary>How many times the stream was paused.</summary>
    public required int Pauses { get; init; }

    /// <summary>How many times the stream was parked.</summary>
    public int Parks { get; init; }

    /// <summary>How long the stream was parked, waiting for a connection after it was resumed included; up to now while it is.</summary>
    public TimeSpan ParkedTime { get; init; }

    /// <summary>True while the stream holds no connection, file or buffer, because it was parked and has not yet been opened again.</summary>
    public bool IsParked { get; init; }

    /// <summary>The reason given for the latest pause; null when none was given or the stream never paused.</summary>
    public required string? PauseReason { get; init; }

    /// <summary>Rows received and not yet delivered at the latest pause.</summary>
    public required long RowsBufferedAtPause { get; init; }

    /// <summary>Bytes held at the latest pause.</summary>
    public required long BytesBufferedAtPause { get; init; }
}
