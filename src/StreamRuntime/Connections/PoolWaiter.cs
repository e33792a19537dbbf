using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

/// <summary>One lease that waits in line.</summary>
/// <remarks>
/// The links and <see cref="IsQueued"/> are guarded by the pool's lock. Whoever takes a waiter out of the line, under the lock, completes it, outside;
/// so it has exactly one answer.
/// </remarks>
internal sealed class PoolWaiter<TConnection> : TaskCompletionSource<PoolSlot<TConnection>>, IPoolWaiter
    where TConnection : class, IPooledConnection
{
    public PoolWaiter(ConnectionPool<TConnection> pool, TimingWheel wheel)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Pool = pool;
        Timeout = new Deadline(wheel, static waiter => ((PoolWaiter<TConnection>)waiter!).TimedOut(), this);
    }

    public ConnectionPool<TConnection> Pool { get; }

    public PoolWaiter<TConnection>? Next { get; set; }

    public PoolWaiter<TConnection>? Previous { get; set; }

    public bool IsQueued { get; set; }

    /// <summary>Its number in the line: one more than that of whoever came before, and round again after the last.</summary>
    public int Ticket { get; set; }

    public Deadline Timeout { get; }

    int? IPoolWaiter.Position => Pool.PositionOf(this);

    private void TimedOut() => Pool.GiveUp(this, null);
}
