using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>The rows of one query, read over several backends that see the same snapshot: one stream, or one for each backend.</summary>
/// <remarks>
/// Thread-safe, but for reading: each stream has one reader at a time. What is done to it is done to all backends. With separate streams, one that fails, is cancelled or is disposed
/// before its end ends the others as well.
/// </remarks>
public sealed class ParallelRows : IAsyncDisposable
{
    private readonly IReadOnlyList<Partition> _partitions;

    internal ParallelRows(IReadOnlyList<JsonRowStream> streams, IReadOnlyList<Partition> partitions)
    {
        Streams = streams;
        _partitions = partitions;
    }

    /// <summary>The streams: one, or with <see cref="ParallelReadOptions.SeparateStreams"/> one a backend; fewer than asked for where there is less to read.</summary>
    public IReadOnlyList<JsonRowStream> Streams { get; }

    /// <summary>The only stream.</summary>
    /// <exception cref="InvalidOperationException">There are several; see <see cref="Streams"/>.</exception>
    public JsonRowStream Rows => Streams is [var only] ? only : throw new InvalidOperationException("There are separate streams. Read each of Streams.");

    /// <summary>How many backends read.</summary>
    public int Backends { get; internal init; } = 1;

    /// <summary>What the backends see, as others may import it until the first backend is done.</summary>
    internal string? Snapshot { get; init; }

    /// <summary>Pauses every stream that has not ended; see <see cref="JsonRowStream.PauseAsync"/>.</summary>
    /// <param name="reason">Why, for statistics and the log; must not hold secrets.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.StreamEnded"/>: all have ended.</exception>
    public Task PauseAsync(string? reason = null) => ForAllAsync(s => s.PauseAsync(reason));

    /// <summary>Resumes every stream that is paused; see <see cref="JsonRowStream.ResumeAsync"/>.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.StreamEnded"/>: all have ended.</exception>
    public Task ResumeAsync() => ForAllAsync(s => s.ResumeAsync());

    /// <summary>
    /// What all streams have done so far: sums, and of times and pauses the largest. The state is <see cref="StreamState.Error"/> when one has failed, and <see cref="StreamState.Complete"/>
    /// when all are.
    /// </summary>
    public StreamStatistics GetStatistics()
    {
        StreamStatistics[] all = [.. Streams.Select(s => s.GetStatistics())];
        StreamStatistics first = all[0];
        return all.Length == 1 ? first : first with
        {
            State = Common([.. all.Select(s => s.State)]),
            RowsDelivered = all.Sum(s => s.RowsDelivered),
            BytesDelivered = all.Sum(s => s.BytesDelivered),
            RowsFiltered = all.Sum(s => s.RowsFiltered),
            BufferedBytes = all.Sum(s => s.BufferedBytes),
            PeakBufferedBytes = all.Sum(s => s.PeakBufferedBytes),
            TimeToFirstRow = all.Min(s => s.TimeToFirstRow),
            Elapsed = all.Max(s => s.Elapsed),
            WaitingTime = all.Max(s => s.WaitingTime),
            PausedTime = all.Max(s => s.PausedTime),
            Pauses = all.Max(s => s.Pauses),
            RowsBufferedAtPause = all.Sum(s => s.RowsBufferedAtPause),
            BytesBufferedAtPause = all.Sum(s => s.BytesBufferedAtPause),
        };
    }

    /// <summary>How far along each partition is, and with it all. Where the query runs as it is, over one backend, that is the one partition, of an unknown number of rows.</summary>
    public ParallelProgress GetProgress()
    {
        StreamStatistics statistics = GetStatistics();
        return new ParallelProgress
        {
            Partitions = _partitions.Count > 0 ? [.. _partitions.Select(p => p.Progress)] : [Whole(statistics)],
            Elapsed = statistics.Elapsed > statistics.PausedTime ? statistics.Elapsed - statistics.PausedTime : TimeSpan.Zero,
        };
    }

    /// <summary>Ends every stream. Before its end this cancels what the backends run and waits, a bounded time, until each has let go.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(Streams.Select(s => s.DisposeAsync().AsTask())).ConfigureAwait(false);

    private static PartitionProgress Whole(StreamStatistics statistics) => new(
        1,
        statistics.State == StreamState.Complete ? PartitionState.Complete : PartitionState.Running,
        statistics.RowsDelivered + statistics.RowsFiltered,
        null);

    private static StreamState Common(StreamState[] states) =>
        states.Contains(StreamState.Error) ? StreamState.Error
        : states.Contains(StreamState.Running) ? StreamState.Running
        : states.Contains(StreamState.Paused) ? StreamState.Paused
        : StreamState.Complete;

    // Each task completes when its stream has done it; that some have ended meanwhile is no failure while others go on.
    private async Task ForAllAsync(Func<JsonRowStream, Task> act)
    {
        int ended = 0;
        StreamRuntimeException? last = null;
        foreach (Task task in Streams.Select(act).ToArray())
        {
            try
            {
                await task.ConfigureAwait(false);
            }
            catch (StreamRuntimeException failure) when (failure.Kind == ErrorKind.StreamEnded)
            {
                ended++;
                last = failure;
            }
        }

        if (ended == Streams.Count)
        {
            throw last!;
        }
    }
}
