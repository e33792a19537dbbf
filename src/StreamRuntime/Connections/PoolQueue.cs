namespace StreamRuntime.Connections;

/// <summary>The line of waiting leases: first in, first out; one that gives up leaves from anywhere.</summary>
/// <remarks>A mutable struct: hold it in a non-readonly field and never copy it. Guarded by the pool's lock.</remarks>
internal struct PoolQueue<TConnection>
    where TConnection : class, IPooledConnection
{
    private PoolWaiter<TConnection>? _first;
    private PoolWaiter<TConnection>? _last;

    private int _lastTicket;

    public int Count { get; private set; }

    /// <summary>How many stand before a waiter that is in line. Those who have left from between are counted as long as there is one before them.</summary>
    public readonly int CountBefore(PoolWaiter<TConnection> waiter) => unchecked(waiter.Ticket - _first!.Ticket);

    public void Add(PoolWaiter<TConnection> waiter)
    {
        waiter.Ticket = unchecked(++_lastTicket);
        waiter.IsQueued = true;
        waiter.Previous = _last;
        if (_last is null)
        {
            _first = waiter;
        }
        else
        {
            _last.Next = waiter;
        }

        _last = waiter;
        Count++;
    }

    public bool TryTake(out PoolWaiter<TConnection> first)
    {
        first = _first!;
        return _first is not null && Remove(_first);
    }

    /// <summary>False when it is not in line any more: somebody else has its answer.</summary>
    public bool Remove(PoolWaiter<TConnection> waiter)
    {
        if (!waiter.IsQueued)
        {
            return false;
        }

        waiter.IsQueued = false;
        if (waiter.Previous is null)
        {
            _first = waiter.Next;
        }
        else
        {
            waiter.Previous.Next = waiter.Next;
        }

        if (waiter.Next is null)
        {
            _last = waiter.Previous;
        }
        else
        {
            waiter.Next.Previous = waiter.Previous;
        }

        waiter.Next = null;
        waiter.Previous = null;
        Count--;
        return true;
    }
}
