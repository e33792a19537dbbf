using System.Threading.Tasks.Sources;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Lets one side of a queue wait for the other without allocating.</summary>
/// <remarks>
/// One waiter at a time. <see cref="Arm"/> and <see cref="TryDisarm"/> are called under the queue's lock; whoever disarmed it sets it, once, outside of the lock. The waiter
/// goes on inside that call: it is a pump that runs until it has to wait itself, and the setter then goes on with its own work.
/// </remarks>
internal sealed class QueueSignal : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private bool _isArmed;

    public ValueTask Arm()
    {
        _core.Reset();
        _isArmed = true;
        return new ValueTask(this, _core.Version);
    }

    public bool TryDisarm()
    {
        bool wasArmed = _isArmed;
        _isArmed = false;
        return wasArmed;
    }

    public void Set() => _core.SetResult(true);

    public void Fail(Exception failure) => _core.SetException(failure);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
