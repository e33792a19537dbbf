using StreamRuntime.Diagnostics;
using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

public sealed partial class ConnectionPool<TConnection>
{
    /// <summary>A lease that stops waiting, because of its token or, without one, of its time; unless it has its answer already.</summary>
    internal void GiveUp(PoolWaiter<TConnection> waiter, CancellationToken? cancelled)
    {
        string message;
        lock (_lock)
        {
            if (!_waiters.Remove(waiter))
            {
                return;
            }

            _timeouts += cancelled is null ? 1 : 0;
            message = $"No connection became free within {_options.LeaseTimeout.TotalSeconds:0.###} s (LeaseTimeout): of at most {_options.MaxSize}, {_leased} are in use and {_opening} are being opened, "
                + $"and {_waiters.Count} others wait. Raise MaxSize, or find what keeps connections in use.";
        }

        if (cancelled is { } token)
        {
            waiter.Timeout.Cancel();
            waiter.TrySetCanceled(token);
        }
        else
        {
            if (RuntimeEventSource.Log.WantsPools)
            {
                RuntimeEventSource.Log.LeaseTimedOut(_options.Name);
            }

            waiter.TrySetException(new StreamRuntimeException(ErrorKind.Timeout, message, isTransient: true));
        }
    }

    internal int? PositionOf(PoolWaiter<TConnection> waiter)
    {
        lock (_lock)
        {
            return waiter.IsQueued ? _waiters.CountBefore(waiter) : null;
        }
    }

    /// <summary>Takes a connection back. The lease has ended by now, so this is called once for it.</summary>
    internal ValueTask ReturnAsync(PoolSlot<TConnection> slot, bool isClean)
    {
        if (PoolMetrics.MeasuresUseTime)
        {
            PoolMetrics.Used(_options.Name, MonotonicClock.Between(slot.LeasedAt, _wheel.Clock.Now));
        }

        if (isClean && HandOn(slot))
        {
            return default;
        }

        slot.KeepAlive.TryFail(_wheel.Clock.Now);
        lock (_lock)
        {
            _leased--;
            _closingCount++;
            if (!isClean)
            {
                _broken++;
            }
            else if (!_isDisposed)
            {
                _expired++;
            }
        }

        return new ValueTask(CloseCountedAsync(slot));
    }

    /// <summary>Closes an idle connection whose keep-alive has ended. One that is not among the idle is somebody else's to close.</summary>
    internal void Evict(PoolSlot<TConnection> slot)
    {
        lock (_lock)
        {
            if (!TryTakeOutLocked(slot))
            {
                return;
            }
        }

        _ = CloseCountedAsync(slot);
    }

    /// <summary>Closes a connection that has become too old: now if it is idle, else when it is returned.</summary>
    internal void Retire(PoolSlot<TConnection> slot)
    {
        lock (_lock)
        {
            slot.IsRetired = true;
            if (!TryTakeOutLocked(slot))
            {
                return;
            }
        }

        slot.KeepAlive.TryFail(_wheel.Clock.Now);
        _ = CloseCountedAsync(slot);
    }

    /// <summary>Takes the connection that was returned last and can still be used.</summary>
    /// <param name="isForWaiter">True takes one only if somebody waits, false only if nobody does: who waits already comes first.</param>
    /// <param name="slot">Counts as leased from here on.</param>
    private bool TryTakeIdle(bool isForWaiter, out PoolSlot<TConnection> slot)
    {
        while (true)
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (_waiters.Count > 0 != isForWaiter || _idleCount == 0)
                {
                    slot = null!;
                    return false;
                }

                slot = _idle[--_idleCount];
                _idle[_idleCount] = null!;
                _leased++;
            }

            long now = _wheel.Clock.Now;
            if (!slot.KeepAlive.TryMove(KeepAliveState.Idle, KeepAliveState.Active, now))
            {
                // Its idle timeout was a moment earlier.
                Discard(slot, isBroken: false);
            }
            else if (IsUsable(slot, now))
            {
                return true;
            }
            else
            {
                Discard(slot, isBroken: true);
            }
        }
    }

    private async ValueTask<PoolLease<TConnection>> WaitAsync(PoolWaiter<TConnection> waiter, CancellationToken cancellationToken)
    {
        long askedAt = _wheel.Clock.Now;
        int toOpen;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _isUsed = true;
            _waiters.Add(waiter);
            toOpen = CountOpeningsLocked();
        }

        Open(toOpen);
        if (TryTakeIdle(isForWaiter: true, out PoolSlot<TConnection> idle) && !HandOn(idle))
        {
            // Returned between the look and the place in line; and if it has become too old meanwhile, closing it makes room for another.
            Discard(idle, isBroken: false);
        }

        waiter.Timeout.Schedule(DueAfter(_options.LeaseTimeout));
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var self = (PoolWaiter<TConnection>)state!;
                self.Pool.GiveUp(self, token);
            },
            waiter);
        PoolSlot<TConnection> slot = await waiter.Task.ConfigureAwait(false);
        waiter.Timeout.Cancel();
        if (PoolMetrics.MeasuresWaitTime)
        {
            PoolMetrics.Waited(_options.Name, MonotonicClock.Between(askedAt, _wheel.Clock.Now));
        }

        return new PoolLease<TConnection>(slot);
    }

    /// <summary>Gives a connection that counts as leased to whoever waits longest, or else puts it among the idle. False when it must be closed.</summary>
    private bool HandOn(PoolSlot<TConnection> slot)
    {
        PoolWaiter<TConnection>? waiter = null;
        long idleAfter;
        lock (_lock)
        {
            if (_isDisposed || slot.IsRetired)
            {
                return false;
            }

            if (_waiters.TryTake(out PoolWaiter<TConnection> first))
            {
                waiter = first;
                idleAfter = 0;
                CountLease(slot);
            }
            else if (!TryIdleLocked(slot, out idleAfter))
            {
                return false;
            }
        }

        if (waiter is null)
        {
            slot.KeepAlive.Observe(KeepAliveState.Active, KeepAliveState.Idle, idleAfter);
        }
        else
        {
            waiter.TrySetResult(slot);
        }

        return true;
    }

    private bool TryIdleLocked(PoolSlot<TConnection> slot, out long after)
    {
        long now = _wheel.Clock.Now;
        if (!slot.KeepAlive.TryMoveUnobserved(KeepAliveState.Active, KeepAliveState.Idle, now, out after))
        {
            return false;
        }

        slot.ReturnedAt = now;
        slot.WasIdle = true;
        if (_idleCount == _idle.Length)
        {
            Array.Resize(ref _idle, Math.Min(_options.MaxSize, Math.Max(4, _idle.Length * 2)));
        }

        _idle[_idleCount++] = slot;
        _leased--;
        return true;
    }

    private void CountLease(PoolSlot<TConnection> slot)
    {
        slot.Uses++;
        if (PoolMetrics.MeasuresUseTime)
        {
            slot.LeasedAt = _wheel.Clock.Now;
        }

        Interlocked.Increment(ref _leases);
    }

    // Only what was idle for a while: a connection that was used just now is looked at by its next use soon enough.
    private bool IsUsable(PoolSlot<TConnection> slot, long now) => now - slot.ReturnedAt < _usableWithoutLookNanoseconds || slot.Connection.IsUsable;

    private long DueAfter(TimeSpan time) => MonotonicClock.After(_wheel.Clock.Now, time);
}
