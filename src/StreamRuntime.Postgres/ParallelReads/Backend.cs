using System.Net.Sockets;
using System.Runtime.CompilerServices;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>One of the servers' processes that read at the same time: a connection in a transaction that sees the common snapshot, and the partition it sends.</summary>
/// <remarks>
/// Owns its connection, until it has rolled its transaction back and released the connection: as soon as no partition is left for it, so that the server's snapshot is not held by one
/// that has nothing to do, or when it is disposed. One step at a time; only the step itself may run on another thread.
/// </remarks>
internal sealed class Backend : IAsyncDisposable
{
    // Any number but 0, which is a connection's end.
    private const int Started = 1;

    private readonly PostgresConnection _connection;
    private readonly PartitionQueue _queue;
    private readonly StatementShapes _shapes;
    private readonly Func<bool, ValueTask> _release;
    private PostgresRowSource? _rows;
    private bool _isClean = true;
    private bool _isReleased;

    /// <summary>Takes over a connection whose transaction has begun.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="queue">Where its partitions come from.</param>
    /// <param name="shapes">What is known of statements run before.</param>
    /// <param name="release">Takes the connection back, with true when it is clean.</param>
    public Backend(PostgresConnection connection, PartitionQueue queue, StatementShapes shapes, Func<bool, ValueTask> release)
    {
        _connection = connection;
        _queue = queue;
        _shapes = shapes;
        _release = release;
    }

    /// <summary>Where the rows come from.</summary>
    public string Description => $"{_connection.Endpoint}/{_connection.Options.Database ?? _connection.Options.User}";

    /// <summary>The partition at hand; null before the first and after the last.</summary>
    public Partition? Partition { get; private set; }

    /// <summary>Bytes that were received and not yet pointed out as rows. Not while a step is under way.</summary>
    public int HeldBytes => _rows?.HeldBytes ?? 0;

    /// <summary>Whether there is something to look at without another step.</summary>
    public bool HasUnseen => _rows is { HasUnseen: true };

    /// <summary>Whether its rows are pointed out where they were received.</summary>
    public bool AttachesRows => _rows is { AttachesRows: true };

    /// <summary>True when no partition is left for it.</summary>
    public bool IsDone => _isReleased;

    /// <summary>Begins to receive once; at the end of a partition, begins to start the next one instead, without receiving any of it.</summary>
    /// <param name="needed">How much may be held together; 0 leaves it to the stream's limit.</param>
    /// <param name="cancellationToken">Ends the step.</param>
    /// <returns>To be given to <see cref="EndStep"/>.</returns>
    public ValueTask<int> StepAsync(int needed, CancellationToken cancellationToken) =>
        _rows is { IsEnded: false } rows ? rows.BeginReceive(needed, cancellationToken) : StartNextAsync(cancellationToken);

    /// <summary>Takes the outcome of a step that has completed.</summary>
    /// <param name="step">What <see cref="StepAsync"/> gave; used up by this.</param>
    /// <exception cref="StreamRuntimeException">The step failed.</exception>
    /// <exception cref="OperationCanceledException">The step was cancelled.</exception>
    public void EndStep(ValueTask<int> step)
    {
        int received;
        try
        {
            received = step.GetAwaiter().GetResult();
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            throw _rows!.Break(failure);
        }

        Check(received);
    }

    /// <summary>Makes a step and waits for its outcome.</summary>
    /// <inheritdoc cref="EndStep" path="/exception"/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask StepToEndAsync(CancellationToken cancellationToken)
    {
        int received;
        try
        {
            received = await StepAsync(0, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            throw _rows!.Break(failure);
        }

        Check(received);
    }

    /// <summary>Points out the rows that are here.</summary>
    public void Look(RowWriter rows)
    {
        Partition partition = Partition!;
        long before = rows.Count + rows.Filtered;
        bool more;
        try
        {
            more = _rows!.Look(rows);
        }
        finally
        {
            partition.AddRows(rows.Count + rows.Filtered - before);
        }

        if (!more)
        {
            partition.State = PartitionState.Complete;
        }
    }

    /// <summary>Whether nothing more is to be received ahead of its turn.</summary>
    public bool IsWhole(int mostHeld) => _rows is { } rows && (rows.HeldBytes >= mostHeld || rows.IsWhole(mostHeld));

    /// <summary>Gives back memory for the length of a pause. Not while a step is under way.</summary>
    public int ReleaseIdleMemory() => _rows?.ReleaseIdleMemory() ?? 0;

    /// <summary>Ends its partition, which the server is asked to cancel, and its transaction, and releases the connection. Not while a step is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isReleased)
        {
            return;
        }

        if (_rows is { } rows)
        {
            _rows = null;
            await rows.DisposeAsync().ConfigureAwait(false);
        }

        await ReleaseAsync().ConfigureAwait(false);
    }

    // Starting a partition says itself what it means when the connection fails.
    private bool IsLoss(Exception failure) => _rows is not null && failure is (IOException or SocketException or ObjectDisposedException);

    private void Check(int received)
    {
        if (received == 0)
        {
            throw _rows!.Break(null);
        }
    }

    private async ValueTask<int> StartNextAsync(CancellationToken cancellationToken)
    {
        if (_rows is { } ended)
        {
            _rows = null;
            await ended.DisposeAsync().ConfigureAwait(false);
        }

        Partition = _queue.TryTake();
        if (Partition is not { } partition)
        {
            await ReleaseAsync().ConfigureAwait(false);
            return Started;
        }

        partition.State = PartitionState.Running;
        _rows = await StartAsync(partition.Query, cancellationToken).ConfigureAwait(false);
        return Started;
    }

    private async Task<PostgresRowSource> StartAsync(PostgresQuery query, CancellationToken cancellationToken)
    {
        // Until it has started, nobody knows what the server is at.
        _isClean = false;
        try
        {
            PostgresRowSource rows = await QueryStarter.StartAsync(
                _connection,
                query,
                (_, isClean) =>
                {
                    _isClean = isClean;
                    return default;
                },
                cancellationToken,
                _shapes,
                prepares: false).ConfigureAwait(false);
            return rows;
        }
        catch (StreamRuntimeException refused) when (Resynchronization.CanHelp(refused))
        {
            _isClean = await Resynchronization.TryRunAsync(_connection).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask ReleaseAsync()
    {
        _isReleased = true;
        bool isClean = _isClean && await SnapshotTransaction.TryEndAsync(_connection).ConfigureAwait(false);
        await _release(isClean).ConfigureAwait(false);
    }

}
