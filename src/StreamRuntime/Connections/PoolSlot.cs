using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

/// <summary>A pool's place for one connection, with its keep-alive state and its deadlines.</summary>
/// <remarks>
/// <see cref="Generation"/> changes with every return, by compare-and-swap, so that of several returns of one lease just one counts. Everything else is
/// written under the pool's lock.
/// </remarks>
internal sealed class PoolSlot<TConnection>
    where TConnection : class, IPooledConnection
{
    private int _generation;

    public PoolSlot(ConnectionPool<TConnection> pool, TConnection connection, TimingWheel wheel, KeepAliveOptions keepAlive)
    {
        Pool = pool;
        Connection = connection;
        KeepAlive = new KeepAlive(wheel, _ => Pool.Evict(this), keepAlive);
        LifetimeDeadline = new Deadline(wheel, static slot => ((PoolSlot<TConnection>)slot!).Aged(), this);
    }

    public ConnectionPool<TConnection> Pool { get; }

    public TConnection Connection { get; }

    public KeepAlive KeepAlive { get; }

    public Deadline LifetimeDeadline { get; }

    public int Generation => Volatile.Read(ref _generation);

    public long Uses { get; set; }

    /// <summary>When it was last leased, on the same clock; only while somebody listens to how long it is used.</summary>
    public long LeasedAt { get; set; }

    /// <summary>When it was last returned, in nanoseconds on the wheel's clock.</summary>
    public long ReturnedAt { get; set; }

    /// <summary>True once it was idle.</summary>
    public bool WasIdle { get; set; }

    /// <summary>True once it is too old to be handed out again.</summary>
    public bool IsRetired { get; set; }

    public bool TryEndLease(int generation) => Interlocked.CompareExchange(ref _generation, generation + 1, generation) == generation;

    private void Aged() => Pool.Retire(this);
}
