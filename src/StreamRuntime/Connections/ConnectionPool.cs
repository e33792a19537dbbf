using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

/// <summary>Keeps connections open between uses, newest first, no more than so many.</summary>
/// <typeparam name="TConnection">The connections' type.</typeparam>
/// <remarks>
/// <para>Thread-safe. A lease of an idle connection, and its return, allocate nothing.</para>
/// <para>
/// One lock guards the idle connections, the line of waiters and the counts; nothing of a connection or of a caller is run inside it. A connection is in exactly
/// one place: leased, idle, opening or closing, and counts until it is closed, so the sum is never less than what the server sees. Opening belongs to the pool and not to the
/// lease that caused it: whoever waits longest gets the next connection, whichever way it comes, and a caller who gives up leaves one for the next.
/// </para>
/// </remarks>
public sealed partial class ConnectionPool<TConnection> : IAsyncDisposable, IObservedPool
    where TConnection : class, IPooledConnection
{
    private readonly Lock _lock = new();
    private readonly Func<CancellationToken, ValueTask<TConnection>> _open;
    private readonly ConnectionPoolOptions _options;
    private readonly TimingWheel _wheel;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly KeepAliveOptions _keepAlive;
    private readonly long _usableWithoutLookNanoseconds;

    private PoolSlot<TConnection>[] _idle = [];
    private int _idleCount;
    private PoolQueue<TConnection> _waiters;
    private int _leased;
    private int _opening;
    private int _closingCount;
    private bool _isUsed;
    private bool _isDisposed;

    private long _leases;
    private long _opened;
    private long _openFailures;
    private long _expired;
    private long _broken;
    private long _timeouts;

    /// <summary>Makes a pool; no connection is opened before the first lease.</summary>
    /// <param name="open">Opens one connection. The token is cancelled when the pool is disposed. Called from any thread, several times at once.</param>
    /// <param name="options">How the pool behaves; <see cref="ConnectionPoolOptions.Default"/> when null.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option can't be used.</exception>
    public ConnectionPool(Func<CancellationToken, ValueTask<TConnection>> open, ConnectionPoolOptions? options = null)
        : this(open, options, null)
    {
    }

    /// <summary>Makes a pool on a wheel of the caller's, which is the pool's to dispose.</summary>
    internal ConnectionPool(Func<CancellationToken, ValueTask<TConnection>> open, ConnectionPoolOptions? options, TimingWheel? wheel)
    {
        ArgumentNullException.ThrowIfNull(open);
        options ??= ConnectionPoolOptions.Default;
        options.Validate();
        _open = open;
        _options = options;
        _wheel = wheel ?? new TimingWheel(options.TimeProvider, TimeSpan.FromMilliseconds(10));
        _keepAlive = new KeepAliveOptions { IdleTimeout = options.IdleTimeout, Logger = options.Logger };
        _usableWithoutLookNanoseconds = MonotonicClock.After(0, options.UsableWithoutLook);
        PoolMetrics.Add(this);
    }

    string IObservedPool.Name => _options.Name;

    int IObservedPool.MinSize => _options.MinSize;

    int IObservedPool.MaxSize => _options.MaxSize;

    private int Total => _leased + _idleCount + _opening + _closingCount;

    /// <summary>Leases a connection: the one that was idle for the shortest time, or else a new one, or else the next that is returned, in order of asking.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Timeout"/>: none was to be had in time. Any other: what opening a connection for this lease failed with.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed, now or before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<PoolLease<TConnection>> LeaseAsync(CancellationToken cancellationToken = default) => LeaseAsync(null, cancellationToken);

    /// <summary>The same for somebody who wants to know where in the line the lease stands. Its place is taken before this returns.</summary>
    /// <inheritdoc cref="LeaseAsync(CancellationToken)"/>
    /// <param name="ticket">Tells the place while the lease waits; null where nobody asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<PoolLease<TConnection>> LeaseAsync(PoolTicket? ticket, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<PoolLease<TConnection>>(cancellationToken);
        }

        if (TryTakeIdle(isForWaiter: false, out PoolSlot<TConnection> slot))
        {
            CountLease(slot);
            if (PoolMetrics.MeasuresWaitTime)
            {
                PoolMetrics.Waited(_options.Name, TimeSpan.Zero);
            }

            return new ValueTask<PoolLease<TConnection>>(new PoolLease<TConnection>(slot));
        }

        var waiter = new PoolWaiter<TConnection>(this, _wheel);
        if (ticket is not null)
        {
            ticket.Waiter = waiter;
        }

        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>What the pool holds and has done.</summary>
    public PoolStatistics GetStatistics()
    {
        lock (_lock)
        {
            return new PoolStatistics
            {
                Leased = _leased,
                Idle = _idleCount,
                Opening = _opening,
                Closing = _closingCount,
                Waiting = _waiters.Count,
                Leases = _leases,
                Opened = _opened,
                OpenFailures = _openFailures,
                Expired = _expired,
                Broken = _broken,
                Timeouts = _timeouts,
            };
        }
    }

    /// <summary>Closes every connection: the idle ones now, those being opened at once, and a leased one when it is returned. Waiting leases fail.</summary>
    /// <returns>Completes when the idle ones are closed and none is being opened. Leased ones are not waited for.</returns>
    public async ValueTask DisposeAsync()
    {
        List<PoolWaiter<TConnection>> waiters = [];
        PoolSlot<TConnection>[] idle;
        lock (_lock)
        {
            if (_isDisposed)
            {
                idle = [];
            }
            else
            {
                _isDisposed = true;
                idle = _idle[.._idleCount];
                _idle = [];
                _closingCount += _idleCount;
                _idleCount = 0;
                while (_waiters.TryTake(out PoolWaiter<TConnection> waiter))
                {
                    waiters.Add(waiter);
                }

                EmptiedLocked();
            }
        }

        PoolMetrics.Remove(this);
        foreach (PoolWaiter<TConnection> waiter in waiters)
        {
            waiter.Timeout.Cancel();
            waiter.TrySetException(new ObjectDisposedException(GetType().Name));
        }

        try
        {
            await _closing.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException failure)
        {
            // An opener's own callback; connections must be closed all the same.
            PoolLog.CancellationFailed(_options.Logger, _options.Name, failure);
        }

        // Together: one whose close takes a while must not keep the others open.
        await Task.WhenAll(idle.Select(CloseCountedAsync)).ConfigureAwait(false);
        await _emptied.Task.ConfigureAwait(false);
        _wheel.Dispose();
    }
}
