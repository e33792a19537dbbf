using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>The rows of several backends as one source: of whichever has some, or, in order, of the partition whose turn it is.</summary>
/// <remarks>
/// <para>
/// A receive of the stream begins one receive for every backend that may take more, waits for the first to complete, and looks at that one alone. Rows are pointed out in the
/// buffer of their own connection, so nothing is copied. What the others receive meanwhile stays in theirs until their turn.
/// </para>
/// <para>
/// Receives are begun at the start of a call and never after a wait, so that a stream that was paused meanwhile has begun none since. Those under way may each
/// bring one more buffer; these rows are handed out after the pause.
/// </para>
/// <para>In order, a backend ahead of its turn receives until it has the whole of its partition or as much as it may hold; from then on TCP holds the server back.</para>
/// </remarks>
internal sealed class MergedRows : IRowSource
{
    private readonly ReadySignal _signal = new();
    private readonly MergedBackend[] _backends;
    private readonly CancellationTokenSource _stop = new();
    private readonly QueryObservation? _observation;
    private readonly bool _isOrdered;
    private readonly int _mostAhead;
    private CancellationToken _heeded;
    private CancellationTokenRegistration _heeding;
    private int _turn;
    private int _last;
    private bool _isDisposed;

    /// <param name="backends">The backends, each in its transaction.</param>
    /// <param name="mostAhead">How much each may hold ahead of its turn, where partitions come in their order; null where any may come.</param>
    /// <param name="observation">Is told of the end.</param>
    public MergedRows(IEnumerable<Backend> backends, int? mostAhead, QueryObservation? observation)
    {
        _backends = [.. backends.Select(b => new MergedBackend(b, _signal))];
        _isOrdered = mostAhead is not null;
        _mostAhead = mostAhead ?? 0;
        _observation = observation;
    }

    public string Description => $"{_backends[0].Backend.Description}, {_backends.Length} backends";

    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        Heed(cancellationToken);
        Backend? seen = null;
        bool areDone = true;
        foreach (MergedBackend merged in _backends)
        {
            // Before anything else is asked of it: what has a step under way is not ours.
            bool isDone = merged.IsIdle && merged.Backend.IsDone;
            areDone &= isDone;
            if (isDone || !merged.IsIdle)
            {
                continue;
            }

            if (merged.Backend.HasUnseen && IsTurnOf(merged.Backend))
            {
                // Held since before its turn, perhaps all of it, so that no receive would ever bring more. One batch has the rows of one backend.
                if (seen is null)
                {
                    Look(merged.Backend, rows);
                    seen = merged.Backend;
                }
            }
            else if (MayStep(merged.Backend))
            {
                merged.Begin(IsTurnOf(merged.Backend) ? 0 : _mostAhead, _stop.Token);
            }
        }

        if (areDone)
        {
            return new ValueTask<bool>(false);
        }

        if (seen is not null || TryTake(rows, out seen))
        {
            ReportHeld(rows, seen);
            return new ValueTask<bool>(true);
        }

        return WaitAsync(rows);
    }

    public int ReleaseIdleMemory()
    {
        long held = 0;
        foreach (MergedBackend merged in _backends)
        {
            // Where a receive is under way its buffer stays, and what that brings is counted after the pause.
            if (merged.IsIdle || merged.IsCompleted)
            {
                held += merged.Backend.ReleaseIdleMemory();
            }
        }

        return (int)Math.Min(int.MaxValue, held);
    }

    public void Ending(StreamState end, Exception? error) => _observation?.End(error);

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _heeding.Dispose();
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (MergedBackend merged in _backends)
        {
            while (!merged.IsIdle && !merged.IsCompleted)
            {
                await _signal.WaitAsync().ConfigureAwait(false);
            }

            if (merged.IsCompleted)
            {
                try
                {
                    merged.Take();
                }
                catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException)
                {
                    // The stream has ended, with an error of its own or with none; this one comes from that.
                }
            }
        }

        // Together: each has to be waited for, and none is to run on while another is.
        await Task.WhenAll(_backends.Select(b => b.Backend.DisposeAsync().AsTask())).ConfigureAwait(false);
        _stop.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitAsync(RowWriter rows)
    {
        Backend? taken;
        do
        {
            await _signal.WaitAsync().ConfigureAwait(false);
        }
        while (!TryTake(rows, out taken));

        ReportHeld(rows, taken);
        return true;
    }

    /// <summary>Takes one completed step; none is taken twice before every other has had its turn.</summary>
    private bool TryTake(RowWriter rows, [NotNullWhen(true)] out Backend? taken)
    {
        for (int tries = 0; tries < _backends.Length; tries++)
        {
            _last = _last + 1 < _backends.Length ? _last + 1 : 0;
            MergedBackend merged = _backends[_last];
            if (merged.IsCompleted)
            {
                merged.Take();
                if (IsTurnOf(merged.Backend) && merged.Backend.HasUnseen)
                {
                    Look(merged.Backend, rows);
                }

                taken = merged.Backend;
                return true;
            }
        }

        taken = null;
        return false;
    }

    private void Look(Backend backend, RowWriter rows)
    {
        backend.Look(rows);
        if (_isOrdered && backend.Partition is { State: PartitionState.Complete })
        {
            _turn++;
        }
    }

    private bool IsTurnOf(Backend backend) => !_isOrdered || backend.Partition is not { } partition || partition.Number <= _turn;

    // One that is ahead stops where it has all, or as much as it may hold.
    private bool MayStep(Backend backend) => IsTurnOf(backend) || !backend.IsWhole(_mostAhead);

    // Where rows are pointed out in place, the stream counts the whole buffer they lie in; the others' come on top.
    private void ReportHeld(RowWriter rows, Backend looked)
    {
        long held = 0;
        foreach (MergedBackend merged in _backends)
        {
            if ((merged.IsIdle || merged.IsCompleted) && !(merged.Backend == looked && looked.AttachesRows))
            {
                held += merged.Backend.HeldBytes;
            }
        }

        rows.ReportHeld((int)Math.Min(int.MaxValue, held));
    }

    // The stream has one token for all its receives, and these outlast the call that begins them.
    private void Heed(CancellationToken cancellationToken)
    {
        if (cancellationToken != _heeded)
        {
            _heeding.Dispose();
            _heeded = cancellationToken;
            _heeding = cancellationToken.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
        }
    }
}
