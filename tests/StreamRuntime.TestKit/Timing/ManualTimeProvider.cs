namespace StreamRuntime.TestKit.Timing;

/// <summary>A clock that stands still until <see cref="Advance"/> moves it. Starts at 2000-01-01 UTC; a timestamp is a tick of 100 ns.</summary>
/// <remarks>Safe for any thread; one caller at a time advances.</remarks>
public sealed class ManualTimeProvider : TimeProvider
{
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Lock _lock = new();
    private readonly SortedSet<ManualTimer> _armed = new(ManualTimer.ByDueTime);
    private long _now;
    private long _sequence;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers are armed.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (_lock)
            {
                return _armed.Count;
            }
        }
    }

    /// <summary>Time to the next timer; null when none is armed.</summary>
    public TimeSpan? UntilNextTimer
    {
        get
        {
            lock (_lock)
            {
                return _armed.Min is { } next ? TimeSpan.FromTicks(next.Due - _now) : null;
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Epoch.AddTicks(GetTimestamp());

    /// <inheritdoc/>
    public override long GetTimestamp() => Interlocked.Read(ref _now);

    /// <summary>Makes a timer. One that is due at once still waits for the next <see cref="Advance"/>, even by zero.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Moves the clock on, and runs every timer that becomes due, in order of due time and then of arming, on the caller's thread, each
    /// with the clock at its due time.
    /// </summary>
    /// <param name="by">Zero or more.</param>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long target = GetTimestamp() + by.Ticks;

        // Armed by a callback with no due time left, a timer waits for the next advance: it would never end otherwise.
        long newest;
        lock (_lock)
        {
            newest = _sequence;
        }

        while (TakeDue(target, newest) is { } timer)
        {
            timer.Run();
        }

        Interlocked.Exchange(ref _now, target);
    }

    private ManualTimer? TakeDue(long target, long newest)
    {
        lock (_lock)
        {
            foreach (ManualTimer timer in _armed)
            {
                if (timer.Due > target)
                {
                    return null;
                }

                if (timer.Sequence <= newest || timer.Due > _now)
                {
                    _armed.Remove(timer);
                    Interlocked.Exchange(ref _now, Math.Max(_now, timer.Due));
                    if (timer.Period > 0)
                    {
                        Arm(timer, timer.Due + timer.Period);
                    }

                    return timer;
                }
            }

            return null;
        }
    }

    private void Arm(ManualTimer timer, long due)
    {
        timer.Due = due;
        timer.Sequence = ++_sequence;
        _armed.Add(timer);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        public static readonly IComparer<ManualTimer> ByDueTime =
            Comparer<ManualTimer>.Create((a, b) => (a.Due, a.Sequence).CompareTo((b.Due, b.Sequence)));

        private bool _disposed;

        public long Due { get; set; }

        public long Sequence { get; set; }

        public long Period { get; private set; }

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Check(dueTime);
            Check(period);
            lock (owner._lock)
            {
                if (_disposed)
                {
                    return false;
                }

                owner._armed.Remove(this);
                Period = period > TimeSpan.Zero ? period.Ticks : 0;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    owner.Arm(this, owner._now + dueTime.Ticks);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._lock)
            {
                _disposed = true;
                owner._armed.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private static void Check(TimeSpan time)
        {
            if (time != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
            }
        }
    }
}
