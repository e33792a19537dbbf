using System.Threading.Tasks.Sources;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>Wakes one waiter when anything of several has happened, over and over, without allocating.</summary>
/// <remarks>
/// Any thread may set it; one at a time waits. Setting it again before somebody waits changes nothing, and a wait may end although nothing new has happened: whoever waits looks for
/// itself. What was written before <see cref="Set"/> is seen by whoever looks after the wait, since both go through an exchange of the same field.
/// </remarks>
internal sealed class ReadySignal : IValueTaskSource
{
    private const int Idle = 0;
    private const int Waiting = 1;
    private const int IsSet = 2;

    private ManualResetValueTaskSourceCore<bool> _core;
    private int _state;

    /// <summary>Ends the wait, now or the next one. The waiter goes on here, as it would after a receive of its own.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _state, IsSet) == Waiting)
        {
            _core.SetResult(true);
        }
    }

    /// <summary>Waits until it is set.</summary>
    public ValueTask WaitAsync()
    {
        _core.Reset();
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == IsSet)
        {
            Interlocked.Exchange(ref _state, Idle);
            return default;
        }

        return new ValueTask(this, _core.Version);
    }

    void IValueTaskSource.GetResult(short token)
    {
        _core.GetResult(token);

        // Before the waiter looks around: what is set from here on is for the next wait.
        Interlocked.Exchange(ref _state, Idle);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
