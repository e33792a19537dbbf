using System.Diagnostics.CodeAnalysis;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>One backend of several that one reader waits for at the same time: its step under way, and whether that has completed.</summary>
/// <remarks>
/// The reader owns everything but the completion of a step, which may come from any thread and writes <c>_phase</c> last. While a step is under way the reader looks at nothing else here.
/// </remarks>
[SuppressMessage("Reliability", "CA2012", Justification = "A step is taken once, after it has completed.")]
internal sealed class MergedBackend
{
    private readonly ReadySignal _signal;
    private readonly Action _onCompleted;
    private ValueTask<int> _step;
    private byte _phase;

    public MergedBackend(Backend backend, ReadySignal signal)
    {
        Backend = backend;
        _signal = signal;
        _onCompleted = Completed;
    }

    private enum Phase : byte
    {
        Idle,
        UnderWay,
        Completed,
    }

    public Backend Backend { get; }

    /// <summary>True while nothing is under way and nothing waits to be taken.</summary>
    public bool IsIdle => (Phase)_phase == Phase.Idle;

    /// <summary>True when a step has completed that nobody has taken.</summary>
    public bool IsCompleted => (Phase)Volatile.Read(ref _phase) == Phase.Completed;

    /// <summary>Begins a step; only when idle.</summary>
    public void Begin(int needed, CancellationToken cancellationToken)
    {
        _step = Backend.StepAsync(needed, cancellationToken);
        var awaiter = _step.ConfigureAwait(false).GetAwaiter();
        if (awaiter.IsCompleted)
        {
            _phase = (byte)Phase.Completed;
            return;
        }

        _phase = (byte)Phase.UnderWay;
        awaiter.UnsafeOnCompleted(_onCompleted);
    }

    /// <summary>Takes a completed step; throws what it failed with.</summary>
    public void Take()
    {
        ValueTask<int> step = _step;
        _step = default;
        _phase = (byte)Phase.Idle;
        Backend.EndStep(step);
    }

    private void Completed()
    {
        Volatile.Write(ref _phase, (byte)Phase.Completed);
        _signal.Set();
    }
}
