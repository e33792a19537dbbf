namespace StreamRuntime.Connections;

/// <summary>Says where in its line a lease stands, for whoever asked for it. Given to <see cref="ConnectionPool{TConnection}.LeaseAsync(PoolTicket, CancellationToken)"/>.</summary>
/// <remarks>Thread-safe; for one lease at a time, the latest counts.</remarks>
public sealed class PoolTicket
{
    private IPoolWaiter? _waiter;

    /// <summary>How many others, at most, are served before; 0 is the next. Null when the lease does not wait. Takes the pool's lock for a moment.</summary>
    public int? Position => Volatile.Read(ref _waiter)?.Position;

    internal IPoolWaiter? Waiter
    {
        set => Volatile.Write(ref _waiter, value);
    }
}

/// <summary>A waiting lease as its ticket sees it, whatever its connections are.</summary>
internal interface IPoolWaiter
{
    int? Position { get; }
}
