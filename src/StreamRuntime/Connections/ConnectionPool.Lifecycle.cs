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
            waiter.TrySetException(new StreamRuntimeException(ErrorKind.Timeout, message, isTransient: true));
        }
    }

    /// <summary>Takes a connection back. The lease has ended by now, so this is called once for it.</summary>
    internal ValueTask ReturnAsync(PoolSlot<TConnection> slot, bool isClean)
    {
        if (isClean && HandOn(slot))
        {
            return default;
        }

        slot.KeepAlive.TryFail();
        lock (_lock)
        {
            _leased--;
            _closingCount++;
            _ = isClean ? _expired++ : _broken++;
        }

        return CloseCountedAsync(slot);
    }

    /// <summary>Closes a connection that has been idle for its time, unless it is needed.</summary>
    internal void ExpireIdle(PoolSlot<TConnection> slot)
    {
        lock (_lock)
        {
            // It may have been leased, and even returned, since the deadline was queued.
            if (_isDisposed || !slot.KeepAlive.IsExpired(_wheel.Clock.Now))
            {
                return;
            }

            if (Total <= _options.MinSize)
            {
                slot.KeepAlive.Postpone(DueAfter(_options.IdleTimeout));
                slot.IdleDeadline.Schedule(slot.KeepAlive.Deadline);
                return;
            }

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
            if (_isDisposed || !TryTakeOutLocked(slot))
            {
                return;
            }
        }

        _ = CloseCountedAsync(slot);
    }

    private bool TryTakeIdle(out PoolSlot<TConnection> slot)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);

            // Who waits already comes first.
            if (_waiters.Count == 0 && _idleCount > 0)
            {
                slot = _idle[--_idleCount];
                _idle[_idleCount] = null!;
                bool activated = slot.KeepAlive.TryActivate();
                System.Diagnostics.Debug.Assert(activated, "only idle connections are kept among the idle");
                slot.IdleDeadline.MoveLater(MonotonicClock.Never);
                LeaseLocked(slot);
                _leased++;
                return true;
            }
        }

        slot = null!;
        return false;
    }

    private async ValueTask<PoolLease<TConnection>> WaitAsync(CancellationToken cancellationToken)
    {
        var waiter = new PoolWaiter<TConnection>(this, _wheel);
        int toOpen;
        PoolSlot<TConnection>? returned = null;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _isUsed = true;
            _waiters.Add(waiter);
            if (_idleCount > 0)
            {
                // Returned since we looked; whoever is first in line takes it.
                returned = _idle[--_idleCount];
                _idle[_idleCount] = null!;
                returned.KeepAlive.TryActivate();
                returned.IdleDeadline.MoveLater(MonotonicClock.Never);
                _leased++;
            }

            toOpen = returned is null ? CountOpeningsLocked() : 0;
        }

        if (returned is not null)
        {
            HandOn(returned);
        }

        waiter.Timeout.Schedule(DueAfter(_options.LeaseTimeout));
        Open(toOpen);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var self = (PoolWaiter<TConnection>)state!;
                self.Pool.GiveUp(self, token);
            },
            waiter);
        PoolSlot<TConnection> slot = await waiter.Task.ConfigureAwait(false);
        waiter.Timeout.Cancel();
        return new PoolLease<TConnection>(slot);
    }

    /// <summary>Gives a connection that counts as leased to whoever waits longest, or else puts it among the idle. False when it must be closed.</summary>
    private bool HandOn(PoolSlot<TConnection> slot)
    {
        PoolWaiter<TConnection> waiter;
        lock (_lock)
        {
            if (_isDisposed || slot.IsRetired)
            {
                return false;
            }

            if (!_waiters.TryTake(out waiter))
            {
                long due = DueAfter(_options.IdleTimeout);
                slot.KeepAlive.TryIdle(due);
                if (_idleCount == _idle.Length)
                {
                    Array.Resize(ref _idle, Math.Min(_options.MaxSize, Math.Max(4, _idle.Length * 2)));
                }

                _idle[_idleCount++] = slot;
                _leased--;
                slot.IdleDeadline.Schedule(due);
                return true;
            }

            LeaseLocked(slot);
        }

        waiter.TrySetResult(slot);
        return true;
    }

    private void LeaseLocked(PoolSlot<TConnection> slot)
    {
        slot.Uses++;
        _leases++;
    }

    // Only what was idle for a while: a connection that was used just now is looked at by its next use soon enough.
    private bool IsUsable(PoolSlot<TConnection> slot) =>
        _wheel.Clock.Now - slot.KeepAlive.Since < _usableWithoutLookNanoseconds || slot.Connection.IsUsable;

    private long DueAfter(TimeSpan time) => MonotonicClock.After(_wheel.Clock.Now, time);
}
