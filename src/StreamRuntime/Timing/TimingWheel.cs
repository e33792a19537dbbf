namespace StreamRuntime.Timing;

/// <summary>Watches any number of <see cref="Deadline"/>s with one timer. To schedule, move or cancel one costs the same however many there are.</summary>
/// <remarks>
/// <para>Thread-safe. Nothing is allocated after construction.</para>
/// <para>
/// A deadline is never early. It is run at the first tick at or after its due time, so up to one granularity later, and later still by as much as
/// the provider's timer is, which counts whole milliseconds. The timer is set for the next slot that holds something; a wheel that holds nothing
/// sets none (after the last deadline is cancelled, the timer may fire once more).
/// </para>
/// </remarks>
public sealed class TimingWheel : IDisposable
{
    /// <summary>The finest tick, 1 ms: what timers can do.</summary>
    public static readonly TimeSpan SmallestGranularity = TimeSpan.FromMilliseconds(1);

    /// <summary>The coarsest tick, 1 h.</summary>
    public static readonly TimeSpan LargestGranularity = TimeSpan.FromHours(1);

    private const long NanosecondsPerMillisecond = 1_000_000;

    // Other threads wait for the lock while slots are emptied: this many entries at most, some 10 µs.
    private const int MostLooksAtOnce = 256;

    // A timer takes no more than 49 days; one that fires too early finds nothing due and is set again.
    private const long LongestWaitMs = int.MaxValue;

    // While slots are emptied, nobody sets the timer: whoever empties them does it in the end.
    private const long Turning = 0;

    private readonly Lock _lock = new();
    private readonly WheelSlots _slots = new();
    private readonly ITimer _timer;
    private readonly Action<IThreadPoolWorkItem> _queue;
    private readonly long _tickNanoseconds;

    // Owned by the one thread that empties slots, outside the lock too.
    private readonly Deadline[] _due = new Deadline[64];
    private long _timerTick = MonotonicClock.Never;
    private bool _isTurning;
    private bool _isDisposed;

    /// <summary>Makes a wheel whose tick is 1 ms.</summary>
    /// <param name="timeProvider">The clock and the timer.</param>
    public TimingWheel(TimeProvider timeProvider)
        : this(timeProvider, SmallestGranularity)
    {
    }

    /// <summary>Makes a wheel.</summary>
    /// <param name="timeProvider">The clock and the timer.</param>
    /// <param name="granularity">The tick, from 1 ms to 1 h. A coarse one wakes the processor less often.</param>
    /// <exception cref="ArgumentOutOfRangeException">The granularity is out of its range.</exception>
    public TimingWheel(TimeProvider timeProvider, TimeSpan granularity)
        : this(timeProvider, granularity, static item => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false))
    {
    }

    /// <summary>Makes a wheel whose callbacks somebody else runs.</summary>
    internal TimingWheel(TimeProvider timeProvider, TimeSpan granularity, Action<IThreadPoolWorkItem> queue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(granularity, SmallestGranularity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(granularity, LargestGranularity);
        Clock = new MonotonicClock(timeProvider);
        _tickNanoseconds = granularity.Ticks * TimeSpan.NanosecondsPerTick;
        _queue = queue;

        // The timer lives as long as the wheel, and would keep alive whatever is in the context of whoever makes it.
        using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        _timer = timeProvider.CreateTimer(
            static wheel => ((TimingWheel)wheel!).Turn(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The clock that due times are read from.</summary>
    public MonotonicClock Clock { get; }

    /// <summary>How many deadlines the wheel holds, those put off for ever included until their slot comes up.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _slots.Count;
            }
        }
    }

    /// <summary>Forgets every deadline. After it has returned no callback begins; one that has begun goes on.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;

            // One by one, or a deadline that somebody still holds would keep all its neighbours.
            while (_slots.Take(WheelSlots.End) is { } deadline)
            {
                deadline.Unfile();
            }
        }

        _timer.Dispose();
    }

    /// <summary>Has work done by whoever runs the callbacks.</summary>
    internal void Queue(IThreadPoolWorkItem item) => _queue(item);

    internal bool Schedule(Deadline deadline, long due)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return false;
            }

            RemoveLocked(deadline);

            // Once more, under the lock: a cancel may have come in between, and this one is the later of the two.
            deadline.ReplaceDue(due);
            if (TryFileLocked(deadline, due))
            {
                return true;
            }

            deadline.Phase = DeadlinePhase.Queued;
        }

        _queue(deadline);
        return true;
    }

    internal bool Cancel(Deadline deadline)
    {
        lock (_lock)
        {
            bool wasScheduled = deadline.Phase != DeadlinePhase.None;
            RemoveLocked(deadline);
            return deadline.ReplaceDue(MonotonicClock.Never) != MonotonicClock.Never && wasScheduled;
        }
    }

    /// <summary>True for the one work item that has to run the callback.</summary>
    internal bool TryBegin(Deadline deadline)
    {
        lock (_lock)
        {
            if (_isDisposed || deadline.Phase != DeadlinePhase.Queued)
            {
                return false;
            }

            // Put off since it was queued? Then the wheel has it again.
            deadline.Phase = DeadlinePhase.None;
            long due = deadline.Due;
            return due <= Clock.Now || !TryFileLocked(deadline, due);
        }
    }

    private void RemoveLocked(Deadline deadline)
    {
        if (deadline.Phase == DeadlinePhase.Filed)
        {
            _slots.Remove(deadline);
            deadline.Unfile();
        }

        deadline.Phase = DeadlinePhase.None;
    }

    /// <summary>Files a deadline; false if its time has come already.</summary>
    private bool TryFileLocked(Deadline deadline, long due)
    {
        if (due == MonotonicClock.Never)
        {
            return true;
        }

        long tick = TickAtOrAfter(due);
        if (tick <= _slots.Now)
        {
            return false;
        }

        // Later than the timer is set for, it needs no look at the clock: its slot can't come up before the one the timer waits for.
        if (tick < _timerTick)
        {
            long now = Clock.Now;
            if (due <= now)
            {
                return false;
            }

            _slots.TurnTo(now / _tickNanoseconds);
            AddLocked(deadline, due, tick);
            SetTimerLocked(now);
            return true;
        }

        AddLocked(deadline, due, tick);
        return true;
    }

    private void AddLocked(Deadline deadline, long due, long tick)
    {
        _slots.Add(deadline, tick);
        deadline.File(due);
    }

    private void SetTimerLocked(long now)
    {
        _timerTick = _slots.NextTick;
        if (_timerTick != MonotonicClock.Never)
        {
            // Up to whole milliseconds: the system's timer drops the rest, and would come back too early again and again.
            long wait = _timerTick * _tickNanoseconds - now;
            long waitMs = Math.Min((wait - 1) / NanosecondsPerMillisecond + 1, LongestWaitMs);
            _timer.Change(TimeSpan.FromMilliseconds(waitMs), Timeout.InfiniteTimeSpan);
        }
    }

    private long TickAtOrAfter(long due) => due <= 0 ? 0 : (due - 1) / _tickNanoseconds + 1;

    /// <summary>Empties every slot whose time has come, and sets the timer for the next.</summary>
    private void Turn()
    {
        lock (_lock)
        {
            if (_isDisposed || _isTurning)
            {
                return;
            }

            _isTurning = true;
            _timerTick = Turning;
        }

        while (TryTurn(out int due))
        {
            foreach (Deadline deadline in _due.AsSpan(0, due))
            {
                _queue(deadline);
            }

            _due.AsSpan(0, due).Clear();
        }
    }

    /// <summary>A bounded part of a turn; false when it is complete.</summary>
    private bool TryTurn(out int due)
    {
        due = 0;
        lock (_lock)
        {
            long now = Clock.Now;
            long tick = now / _tickNanoseconds;
            int looks = 0;
            while (!_isDisposed && looks < MostLooksAtOnce && due < _due.Length && _slots.Take(tick) is { } deadline)
            {
                looks++;
                long at = deadline.Unfile();
                long atTick = TickAtOrAfter(at);
                if (atTick <= tick)
                {
                    deadline.Phase = DeadlinePhase.Queued;
                    _due[due++] = deadline;
                }
                else if (at != MonotonicClock.Never)
                {
                    AddLocked(deadline, at, atTick);
                }
            }

            if (looks > 0)
            {
                return true;
            }

            _isTurning = false;
            if (!_isDisposed)
            {
                SetTimerLocked(now);
            }

            return false;
        }
    }
}
