namespace StreamRuntime.Connections;

/// <summary>One use of one pooled connection, from <see cref="ConnectionPool{TConnection}.LeaseAsync(CancellationToken)"/> to its return.</summary>
/// <typeparam name="TConnection">The connections' type.</typeparam>
/// <remarks>A value that may be copied; only the first return of all copies counts. Whoever has it is the connection's one owner until then.</remarks>
public readonly struct PoolLease<TConnection>
    where TConnection : class, IPooledConnection
{
    private readonly PoolSlot<TConnection>? _slot;
    private readonly int _generation;

    internal PoolLease(PoolSlot<TConnection> slot)
    {
        _slot = slot;
        _generation = slot.Generation;
    }

    /// <summary>The connection.</summary>
    /// <exception cref="InvalidOperationException">This is no lease, or it was returned.</exception>
    public TConnection Connection => _slot is { } slot && slot.Generation == _generation
        ? slot.Connection!
        : throw new InvalidOperationException("The lease was returned already.");

    /// <summary>True when the connection was used before: it may have been lost without a sign, so a first failure says little of the server.</summary>
    public bool IsReused => _slot is { } slot && slot.Uses > 1;

    /// <summary>True when the connection was idle before, used or not: it may have been lost there.</summary>
    public bool WasIdle => _slot is { WasIdle: true };

    /// <summary>Gives the connection back.</summary>
    /// <param name="isClean">
    /// True when it is provably ready for somebody else. False closes it at once: after a failure, or when nobody knows what state it is in.
    /// </param>
    /// <returns>Completes when the pool has it back, or, not clean, when it is closed.</returns>
    public ValueTask ReturnAsync(bool isClean) => _slot is { } slot && slot.TryEndLease(_generation) ? slot.Pool.ReturnAsync(slot, isClean) : default;
}
