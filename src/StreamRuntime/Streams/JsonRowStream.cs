using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;

namespace StreamRuntime.Streams;

/// <summary>One query's rows, each a UTF-8 JSON value, in order, for one consumer; any thread may pause and resume it at any time.</summary>
/// <remarks>
/// <para>
/// Reading has one reader at a time; a second concurrent read throws. Everything else (pausing, resuming, cancelling, disposing, state,
/// statistics) may be called from any thread at any time.
/// </para>
/// <para>
/// How a row travels: the reader asks the source for one receive, the source points out the rows in the received bytes, and the reader hands
/// them out in place. There is no task, queue or thread between source and consumer, so nothing is read ahead, and the state
/// byte is looked at once before every receive. A pause therefore needs only that look to take effect.
/// </para>
/// </remarks>
public sealed partial class JsonRowStream : IAsyncEnumerable<JsonRow>, IAsyncDisposable
{
    // A partial row that grew by this much is progress, so that a slow link is told from a source that drips.
    private const long ProgressBytes = 64 * 1024;

    private readonly IRowSource _source;
    private readonly JsonRowStreamOptions _options;
    private readonly RowWriter _rows;
    private readonly long _startedAt;

    private StreamStateCell _state;
    private PauseGate? _gate;
    private byte _phase;
    private ReaderLease _lease;
    private byte _stopReason;
    private byte _enumerating;
    private bool _sourceEnded;
    private bool _sourceDisposed;
    private int _cursor;

    // How many rows of the batch may be handed out: none while a receive adds to them, nor after the stream was disposed.
    private int _ready;

    // A source's exception, which the next read throws; and once it was thrown, or the stream disposed, what every read throws from then on.
    private object? _failure;
    private string? _name;
    private CancellationTokenSource? _stop;
    private ReceiveClock? _clock;

    private long _rowsReceived;
    private long _rowsDelivered;
    private long _bytesDelivered;
    private long _buffered;
    private long _peakBuffered;
    private long _firstRowAt;
    private long _endedAt;

    private JsonRowStream(IRowSource source, JsonRowStreamOptions options)
    {
        _source = source;
        _options = options;
        _rows = new RowWriter(options);
        _startedAt = options.TimeProvider.GetTimestamp();
        LiveStreams.Add(this);
        StreamEvents.Started(Id, this);
    }

    /// <summary>Where the stream stands: one volatile read of one byte.</summary>
    public StreamState State => _state.Value;

    /// <summary>
    /// What the stream is called where streams are listed for people. Starts as <see cref="JsonRowStreamOptions.Name"/>, which setting it to null brings back; null where
    /// neither is given, and then <see cref="IRowSource.Description"/> is listed. Must not hold secrets.
    /// </summary>
    public string? Name
    {
        get => Volatile.Read(ref _name) ?? _options.Name;
        set
        {
            Volatile.Write(ref _name, value);
            StreamEvents.Named(Id, this);
        }
    }

    /// <summary>The rows of the latest <see cref="ReadBatchAsync"/>, valid until the next read.</summary>
    public RowBatch CurrentBatch => new(_rows);

    /// <summary>Makes a stream over a source. Nothing is received until it is read.</summary>
    /// <param name="source">Where the rows come from; the stream owns and disposes it.</param>
    /// <param name="options">How the stream behaves; <see cref="JsonRowStreamOptions.Default"/> when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.ResumeRefused"/> or <see cref="ErrorKind.ResumeExpired"/>: the token in <see cref="JsonRowStreamOptions.ResumeFrom"/> can't be used. The source is left to the caller.
    /// </exception>
    /// <exception cref="NotSupportedException">There is such a token, and the source can't park; the message says why.</exception>
    public static JsonRowStream Create(IRowSource source, JsonRowStreamOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= JsonRowStreamOptions.Default;
        options.Validate();
        return options.ResumeFrom is null ? new JsonRowStream(source, options) : CreateFromToken(source, options);
    }

    /// <summary>Hands out every complete row already received, receiving first if there is none.</summary>
    /// <param name="cancellationToken">
    /// Cancels the query: the stream ends in <see cref="StreamState.Error"/> and this read throws, after the source has let go.
    /// </param>
    /// <returns>True with at least one row in <see cref="CurrentBatch"/>; false when the result is complete.</returns>
    /// <exception cref="InvalidOperationException">Another read is under way.</exception>
    /// <exception cref="ObjectDisposedException">The stream is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="StreamRuntimeException">The source failed or a deadline passed. A failed stream throws the same error at every read.</exception>
    public ValueTask<bool> ReadBatchAsync(CancellationToken cancellationToken = default)
    {
        if (Volatile.Read(ref _enumerating) != 0)
        {
            ThrowConcurrentRead();
        }

        return ReadBatchCoreAsync(whole: true, cancellationToken);
    }

    /// <summary>Goes over the rows one by one. Each is valid until the next; leaving the loop early keeps the stream open, at the next row.</summary>
    /// <param name="cancellationToken">As for <see cref="ReadBatchAsync"/>.</param>
    /// <exception cref="InvalidOperationException">Another read or enumeration is under way.</exception>
    public IAsyncEnumerator<JsonRow> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _enumerating, (byte)1) != 0)
        {
            ThrowConcurrentRead();
        }

        return new RowEnumerator(this, cancellationToken);
    }

    /// <summary>Goes over the rows as objects, made with source-generated metadata.</summary>
    /// <typeparam name="T">What a row becomes.</typeparam>
    /// <param name="typeInfo">How to make it.</param>
    /// <param name="cancellationToken">As for <see cref="ReadBatchAsync"/>.</param>
    /// <exception cref="System.Text.Json.JsonException">A row does not fit <typeparamref name="T"/>; the stream stays open, after that row.</exception>
    public async IAsyncEnumerable<T?> ReadAsync<T>(JsonTypeInfo<T> typeInfo, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        await foreach (JsonRow row in this.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return row.Deserialize(typeInfo);
        }
    }

    /// <summary>What the stream has done so far; consumes nothing. Values may be of slightly different instants while a read is under way.</summary>
    public StreamStatistics GetStatistics()
    {
        TimeProvider time = _options.TimeProvider;
        long endedAt = Volatile.Read(ref _endedAt);
        long firstRowAt = Volatile.Read(ref _firstRowAt);
        PauseStatistics pauses = Volatile.Read(ref _gate)?.GetStatistics() ?? default;
        ParkStatistics parks = Volatile.Read(ref _gate)?.GetParkStatistics() ?? default;
        return new StreamStatistics
        {
            State = State,
            RowsDelivered = Volatile.Read(ref _rowsDelivered),
            BytesDelivered = Volatile.Read(ref _bytesDelivered),
            RowsFiltered = _rows.Filtered,
            BufferedBytes = Volatile.Read(ref _buffered),
            PeakBufferedBytes = Volatile.Read(ref _peakBuffered),
            TimeToFirstRow = firstRowAt == 0 ? null : time.GetElapsedTime(_startedAt, firstRowAt),
            Elapsed = endedAt == 0 ? time.GetElapsedTime(_startedAt) : time.GetElapsedTime(_startedAt, endedAt),
            WaitingTime = Volatile.Read(ref _clock)?.Waited ?? parks.WaitedBefore,
            Parks = parks.Count,
            ParkedTime = parks.ParkedTime,
            IsParked = parks.IsParked,
            PausedTime = pauses.PausedTime,
            CurrentPause = pauses.Current,
            Pauses = pauses.Count,
            PauseReason = pauses.Last.Reason,
            RowsBufferedAtPause = pauses.Last.RowsBuffered,
            BytesBufferedAtPause = pauses.Last.BytesBuffered,
        };
    }

    /// <summary>
    /// Ends the stream. Before its end this cancels the query at the source and waits, a bounded time, until the source has let go.
    /// May be called any number of times, from any thread, also while a read is under way, which then throws.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposing, (byte)1) != 0)
        {
            return new ValueTask(WaitUntilDisposedAsync());
        }

        Stop(StopReason.Disposed);
        return DisposeCoreAsync();
    }

    private static void ThrowConcurrentRead() =>
        throw new InvalidOperationException("Another read of this stream is under way. A stream has one reader at a time.");
}
