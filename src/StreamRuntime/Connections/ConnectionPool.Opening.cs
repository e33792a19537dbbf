using StreamRuntime.Diagnostics;
using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

public sealed partial class ConnectionPool<TConnection>
{
    // A connection's life is shortened by up to this part of it.
    private const double LifetimeSpread = 0.1;

    /// <summary>Counts the connections that are to be opened now: one for each waiter, and up to the minimum, as far as there is room.</summary>
    private int CountOpeningsLocked(bool forMinimum = true)
    {
        if (_isDisposed)
        {
            return 0;
        }

        int wanted = _waiters.Count - _opening;
        if (forMinimum && _isUsed)
        {
            wanted = Math.Max(wanted, _options.MinSize - Total);
        }

        int count = Math.Clamp(wanted, 0, _options.MaxSize - Total);
        _opening += count;
        return count;
    }

    private void Open(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _ = OpenOneAsync();
        }
    }

    private async Task OpenOneAsync()
    {
        // Whoever caused it, by asking for a connection or by returning a broken one, does not do the work.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        TConnection connection;
        long startedAt = _wheel.Clock.Now;
        try
        {
            connection = await _open(_closing.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is, it is the answer to a lease.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            OpeningFailed(failure);
            return;
        }

        var slot = new PoolSlot<TConnection>(this, connection, _wheel, _keepAlive);
        bool isDisposed;
        lock (_lock)
        {
            _opening--;
            _opened++;
            _leased++;
            isDisposed = _isDisposed;
            EmptiedLocked();
        }

        long openedAt = _wheel.Clock.Now;
        if (_options.MaxLifetime != Timeout.InfiniteTimeSpan)
        {
            slot.LifetimeDeadline.Schedule(DueAfter(_options.MaxLifetime * (1 - Random.Shared.NextDouble() * LifetimeSpread)));
        }

        if (isDisposed || !HandOn(slot))
        {
            slot.KeepAlive.TryFail(_wheel.Clock.Now);
            lock (_lock)
            {
                _leased--;
                _closingCount++;
            }

            await CloseCountedAsync(slot).ConfigureAwait(false);
        }

        // Last: whoever listens may throw, and the connection has its place by now.
        TimeSpan took = MonotonicClock.Between(startedAt, openedAt);
        PoolLog.Opened(_options.Logger, _options.Name);
        if (RuntimeEventSource.Log.WantsPools)
        {
            RuntimeEventSource.Log.ConnectionOpened(_options.Name, took.TotalMilliseconds);
        }

        if (PoolMetrics.MeasuresCreateTime)
        {
            PoolMetrics.Created(_options.Name, took);
        }
    }

    /// <summary>Tells the lease that has waited longest, and opens for the others that still wait: each gets an answer.</summary>
    private void OpeningFailed(Exception failure)
    {
        bool hasWaiter;
        int toOpen;
        PoolWaiter<TConnection> waiter;
        lock (_lock)
        {
            _opening--;
            _openFailures++;
            hasWaiter = _waiters.TryTake(out waiter);

            // Not for the minimum: it would be tried in a circle for as long as the server is away. The next lease tries again.
            toOpen = CountOpeningsLocked(forMinimum: false);
            EmptiedLocked();
        }

        if (hasWaiter)
        {
            waiter.Timeout.Cancel();
            waiter.TrySetException(failure);
        }

        Open(toOpen);
        PoolLog.OpenFailed(_options.Logger, _options.Name, failure);
        if (RuntimeEventSource.Log.WantsPools)
        {
            RuntimeEventSource.Log.ConnectionFailed(
                _options.Name, failure is StreamRuntimeException ours ? ours.SqlState ?? ours.Kind.ToString() : failure.GetType().FullName!);
        }
    }

    /// <summary>Takes a connection out of the idle ones; it counts as closing from then on.</summary>
    private bool TryTakeOutLocked(PoolSlot<TConnection> slot)
    {
        int at = Array.IndexOf(_idle, slot, 0, _idleCount);
        if (at < 0)
        {
            return false;
        }

        _idleCount--;
        Array.Copy(_idle, at + 1, _idle, at, _idleCount - at);
        _idle[_idleCount] = null!;
        _closingCount++;
        _expired++;
        return true;
    }

    /// <summary>Closes a connection that was about to be handed out, and was found broken, or past its time.</summary>
    private void Discard(PoolSlot<TConnection> slot, bool isBroken)
    {
        slot.KeepAlive.TryFail(_wheel.Clock.Now);
        lock (_lock)
        {
            _leased--;
            _closingCount++;
            if (isBroken)
            {
                _broken++;
            }
            else if (!_isDisposed)
            {
                _expired++;
            }
        }

        _ = CloseCountedAsync(slot);
    }

    /// <summary>Closes a connection; only then is its place free for another.</summary>
    private async Task CloseCountedAsync(PoolSlot<TConnection> slot)
    {
        await CloseAsync(slot).ConfigureAwait(false);
        int toOpen;
        lock (_lock)
        {
            _closingCount--;
            toOpen = CountOpeningsLocked();
            EmptiedLocked();
        }

        Open(toOpen);
    }

    private async Task CloseAsync(PoolSlot<TConnection> slot)
    {
        slot.LifetimeDeadline.Cancel();
        try
        {
            await slot.Connection.DisposeAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // It is gone either way; nobody waits who could do anything about it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            PoolLog.CloseFailed(_options.Logger, _options.Name, failure);
        }

        if (RuntimeEventSource.Log.WantsPools)
        {
            RuntimeEventSource.Log.ConnectionClosed(_options.Name);
        }
    }

    private void EmptiedLocked()
    {
        if (_isDisposed && _opening == 0 && _closingCount == 0)
        {
            _emptied.TrySetResult();
        }
    }
}
