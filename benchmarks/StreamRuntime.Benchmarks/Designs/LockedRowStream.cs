using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Designs;

/// <summary>
/// The row stream as it would be with its state under a lock, in the two designs that the state byte of <see cref="JsonRowStream"/> replaces: one makes its
/// pause machinery with the stream, the other at the first pause.
/// </summary>
/// <remarks>
/// <para>
/// The engine is that of <see cref="JsonRowStream"/>: a reader that asks the source for one receive at a time and hands its rows out in place, with
/// the same lease, statistics, log and endings. What differs is what the comparison is about: the state and the reader's mark are guarded by
/// <c>_sync</c>, and whoever wants to know the state takes it. In return a pause needs no fence of its own.
/// </para>
/// <para>
/// Left out is what no design changes and what is not used here: deadlines, enumeration row by row, and formats. That makes a stream of these designs a
/// little smaller and quicker than it would be, never dearer.
/// </para>
/// <para>Reading has one reader at a time; everything else may be called from any thread at any time.</para>
/// </remarks>
internal sealed partial class LockedRowStream : IAsyncDisposable
{
    private readonly IRowSource _source;
    private readonly JsonRowStreamOptions _options;
    private readonly RowWriter _rows;
    private readonly long _startedAt;

    // A plain object is smaller than a Lock and measures as fast. The eager design has one anyway that nobody else locks: its gate.
    private readonly object _sync;
    private LockedGate? _gate;
    private StreamState _state;
    private bool _isStarting;

    private ReaderLease _lease;
    private byte _stopReason;
    private bool _sourceEnded;
    private bool _sourceDisposed;
    private Exception? _failure;
    private CancellationTokenSource? _stop;

    private long _rowsReceived;
    private long _rowsDelivered;
    private long _bytesDelivered;
    private long _buffered;
    private long _peakBuffered;
    private long _firstRowAt;
    private long _endedAt;
    private long _waitedTicks;

    private LockedRowStream(IRowSource source, JsonRowStreamOptions options, GateCreation creation)
    {
        _source = source;
        _options = options;
        _rows = new RowWriter(options);
        _startedAt = options.TimeProvider.GetTimestamp();
        _gate = creation == GateCreation.Eager ? new LockedGate(options.TimeProvider, options.PauseTimeout) : null;
        _sync = _gate ?? new object();
    }

    public StreamState State
    {
        get
        {
            lock (_sync)
            {
                return _state;
            }
        }
    }

    /// <summary>The rows of the latest <see cref="ReadBatchAsync"/>, valid until the next read.</summary>
    public RowBatch CurrentBatch => new(_rows);

    public static LockedRowStream Create(IRowSource source, GateCreation creation, JsonRowStreamOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= JsonRowStreamOptions.Default;
        options.Validate();
        return new LockedRowStream(source, options, creation);
    }

    public StreamStatistics GetStatistics()
    {
        TimeProvider time = _options.TimeProvider;
        long endedAt = Volatile.Read(ref _endedAt);
        long firstRowAt = Volatile.Read(ref _firstRowAt);
        StreamState state;
        PauseStatistics pauses;
        lock (_sync)
        {
            state = _state;
            pauses = _gate?.GetStatisticsLocked() ?? default;
        }

        return new StreamStatistics
        {
            State = state,
            RowsDelivered = Volatile.Read(ref _rowsDelivered),
            BytesDelivered = Volatile.Read(ref _bytesDelivered),
            RowsFiltered = _rows.Filtered,
            BufferedBytes = Volatile.Read(ref _buffered),
            PeakBufferedBytes = Volatile.Read(ref _peakBuffered),
            TimeToFirstRow = firstRowAt == 0 ? null : time.GetElapsedTime(_startedAt, firstRowAt),
            Elapsed = endedAt == 0 ? time.GetElapsedTime(_startedAt) : time.GetElapsedTime(_startedAt, endedAt),
            WaitingTime = time.GetElapsedTime(0, Volatile.Read(ref _waitedTicks)),
            PausedTime = pauses.PausedTime,
            Pauses = pauses.Count,
            PauseReason = pauses.Last.Reason,
            RowsBufferedAtPause = pauses.Last.RowsBuffered,
            BytesBufferedAtPause = pauses.Last.BytesBuffered,
        };
    }
}
