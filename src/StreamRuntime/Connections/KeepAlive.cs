using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

/// <summary>Says whether one connection is in use, waiting or broken, and has it closed when it is broken or has waited too long.</summary>
/// <remarks>
/// <para>
/// Thread-safe. Of any number of threads that ask for the same move, one is told that it made it; that thread owns what follows from it. Times are
/// nanoseconds on the wheel's clock.
/// </para>
/// <para>
/// Going idle fixes the deadline; looking at it never moves it. Leaving Idle makes it void (the wheel may look once more and find nothing to do).
/// Whatever ends in <see cref="KeepAliveState.Error"/>, an idle timeout included, is evicted at once and once: the callback runs on the thread pool,
/// and until it has begun a reconnect wins over it. It must not throw. Once the wheel is disposed, nothing expires any more.
/// </para>
/// </remarks>
public sealed class KeepAlive : IThreadPoolWorkItem
{
    /*
     * Whoever holds the cell writes the fields below it. _deadlineAt is read without: a reader that sees Idle sees the deadline of that idleness,
     * or of a later one.
     *
     * The wheel only wakes us up; the deadline here decides. _wakeUp is therefore never cancelled on the way out of Idle: that would race with
     * whoever makes the connection idle again, and cost a lock. It is always set for the current deadline or for an earlier one.
     */
    private readonly TimingWheel _wheel;
    private readonly KeepAliveOptions _options;
    private readonly Action<EvictionReason> _evict;
    private readonly Deadline _wakeUp;
    private KeepAliveCell _cell;
    private EvictionReason _reason;
    private int _evictionsDue;
    private long _since;
    private long _deadlineAt = MonotonicClock.Never;
    private long _timeActive;
    private long _timeIdle;
    private long _timeError;
    private long _moves;
    private long _touches;
    private long _refused;

    /// <summary>Watches over a connection that has just been made, and is in use.</summary>
    /// <param name="wheel">The clock, and who wakes us at the deadline.</param>
    /// <param name="evict">Closes the connection.</param>
    /// <param name="options">How long it may be idle.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public KeepAlive(TimingWheel wheel, Action<EvictionReason> evict, KeepAliveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(wheel);
        ArgumentNullException.ThrowIfNull(evict);
        _options = options ?? KeepAliveOptions.Default;
        _options.Validate();
        _wheel = wheel;
        _evict = evict;
        _wakeUp = new Deadline(wheel, static keepAlive => ((KeepAlive)keepAlive!).WakeUp(), this);
        _since = wheel.Clock.Now;
    }

    /// <summary>Where the connection stands.</summary>
    public KeepAliveState State => _cell.Value;

    /// <summary>When the connection is to be closed: the end of its idleness, the time of its failure, or <see cref="MonotonicClock.Never"/> in use.</summary>
    public long DeadlineAt => Volatile.Read(ref _deadlineAt);

    /// <summary>Whether the table has this move.</summary>
    /// <param name="from">The state before.</param>
    /// <param name="to">The state after.</param>
    public static bool CanMove(KeepAliveState from, KeepAliveState to) => KeepAliveCell.CanMove(from, to);

    /// <summary>Whether the connection is to be closed by now. It has to be claimed before it is: see <see cref="TryFail"/>.</summary>
    /// <param name="now">The time.</param>
    public bool IsExpired(long now) => _cell.Value != KeepAliveState.Active && now >= Volatile.Read(ref _deadlineAt);

    /// <summary>Moves the connection, if it is where the caller thinks and the table has the move.</summary>
    /// <param name="from">Where it is now.</param>
    /// <param name="to">
    /// Where it shall be. From Active to Active tells of further activity; from Error to Active, of a reconnect, which is for whoever evicts.
    /// </param>
    /// <param name="now">The time.</param>
    /// <returns>True for the one caller that made the move.</returns>
    public bool TryMove(KeepAliveState from, KeepAliveState to, long now)
    {
        if (!TryMoveUnobserved(from, to, now, out long spent))
        {
            return false;
        }

        Observe(from, to, spent);
        return true;
    }

    /// <summary>Does the same for a caller that holds a lock, and has it observed once that is open: listeners and loggers are strangers.</summary>
    /// <param name="from">As for <see cref="TryMove"/>.</param>
    /// <param name="to">As for <see cref="TryMove"/>.</param>
    /// <param name="now">The time.</param>
    /// <param name="spent">How long it was in the state before, for <see cref="Observe"/>.</param>
    internal bool TryMoveUnobserved(KeepAliveState from, KeepAliveState to, long now, out long spent)
    {
        spent = 0;
        if (from == to && to == KeepAliveState.Active && _cell.Value == KeepAliveState.Active)
        {
            Interlocked.Increment(ref _touches);
            return true;
        }

        if (from == to || !CanMove(from, to) || !_cell.TryHold(from))
        {
            return Refuse(from, to);
        }

        spent = Move(from, to, now);
        return true;
    }

    /// <summary>Tells listeners and loggers of a move that was made.</summary>
    internal void Observe(KeepAliveState from, KeepAliveState to, long spent)
    {
        if (from == to)
        {
            if (TransitionMetrics.IsListenedTo)
            {
                TransitionMetrics.Touched();
            }

            return;
        }

        if (TransitionMetrics.IsListenedTo)
        {
            TransitionMetrics.Moved(from, to, MonotonicClock.Between(0, spent));
        }

        ConnectionLog.Moved(_options.Logger, from, to);
    }

    /// <summary>Breaks the connection, in use or idle, so that it is closed at once.</summary>
    /// <param name="now">The time.</param>
    /// <returns>True for the one caller that broke it; false if it was broken already.</returns>
    public bool TryFail(long now)
    {
        KeepAliveState from;
        while ((from = _cell.Value) != KeepAliveState.Error)
        {
            if (_cell.TryHold(from))
            {
                Observe(from, KeepAliveState.Error, Move(from, KeepAliveState.Error, now));
                return true;
            }
        }

        return Refuse(from, KeepAliveState.Error);
    }

    /// <summary>What the connection has been through until now.</summary>
    /// <param name="now">The time.</param>
    public KeepAliveStatistics GetStatistics(long now)
    {
        KeepAliveState state = Hold();
        long current = Math.Max(0, now - _since);
        var statistics = new KeepAliveStatistics(
            _moves + Interlocked.Read(ref _touches),
            Interlocked.Read(ref _refused),
            Time(KeepAliveState.Active, _timeActive),
            Time(KeepAliveState.Idle, _timeIdle),
            Time(KeepAliveState.Error, _timeError));
        _cell.Release(state);
        return statistics;

        TimeSpan Time(KeepAliveState of, long before) => MonotonicClock.Between(0, of == state ? before + current : before);
    }

    /// <summary>Evicts the connection, unless it was reconnected or evicted since this was queued.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (Interlocked.Exchange(ref _evictionsDue, 0) != 0)
        {
            _evict(_reason);
        }
    }

    private KeepAliveState Hold()
    {
        KeepAliveState state;
        do
        {
            state = _cell.Value;
        }
        while (!_cell.TryHold(state));

        return state;
    }

    private long Move(KeepAliveState from, KeepAliveState to, long now)
    {
        long deadline = MoveHeld(from, to, now, EvictionReason.Failure, out long spent);
        if (to == KeepAliveState.Error)
        {
            _wakeUp.Cancel();
            _wheel.Queue(this);
        }
        else if (deadline != MonotonicClock.Never)
        {
            WakeUpAt(deadline);
        }

        return spent;
    }

    // The deadline may be over by now and a later one have been scheduled. Then this one wakes us too early, which does no harm; never too late.
    private void WakeUpAt(long deadline)
    {
        _wakeUp.Schedule(deadline);
        if (_cell.Value == KeepAliveState.Error)
        {
            // Broken meanwhile: the wheel must not hold a connection that is gone.
            _wakeUp.Cancel();
        }
    }

    private long MoveHeld(KeepAliveState from, KeepAliveState to, long now, EvictionReason reason, out long spent)
    {
        // Two threads may have read the clock in another order than they came here.
        now = Math.Max(now, _since);
        ref long time = ref (from == KeepAliveState.Active ? ref _timeActive : ref from == KeepAliveState.Idle ? ref _timeIdle : ref _timeError);
        spent = now - _since;
        time += spent;
        _since = now;
        _moves++;
        long deadline = to switch
        {
            KeepAliveState.Idle => MonotonicClock.After(now, _options.IdleTimeout),
            KeepAliveState.Error => now,
            _ => MonotonicClock.Never,
        };
        Volatile.Write(ref _deadlineAt, deadline);
        _reason = reason;
        Volatile.Write(ref _evictionsDue, to == KeepAliveState.Error ? 1 : 0);
        _cell.Release(to);
        return deadline;
    }

    private void WakeUp()
    {
        if (!_cell.TryHold(KeepAliveState.Idle))
        {
            return;
        }

        long now = _wheel.Clock.Now;
        long deadline = _deadlineAt;
        if (now < deadline)
        {
            // This was the wake-up of an earlier idleness.
            _cell.Release(KeepAliveState.Idle);
            WakeUpAt(deadline);
            return;
        }

        MoveHeld(KeepAliveState.Idle, KeepAliveState.Error, now, EvictionReason.IdleTimeout, out long spent);
        Observe(KeepAliveState.Idle, KeepAliveState.Error, spent);
        ((IThreadPoolWorkItem)this).Execute();
    }

    private bool Refuse(KeepAliveState from, KeepAliveState to)
    {
        Interlocked.Increment(ref _refused);
        if (TransitionMetrics.IsListenedTo)
        {
            TransitionMetrics.WasRefused(from, to);
        }

        ConnectionLog.MoveRefused(_options.Logger, from, to, _cell.Value);
        return false;
    }
}
