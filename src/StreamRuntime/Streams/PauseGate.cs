using System.Diagnostics.CodeAnalysis;

namespace StreamRuntime.Streams;

/// <summary>The pause machinery of one stream. It does not exist until the stream's first pause.</summary>
/// <remarks>
/// <para>
/// The stream publishes its gate before <see cref="StreamState.Paused"/> can be seen, so whoever sees that state finds the gate.
/// Every field is guarded by a lock on <c>_open</c>. Running → Paused and Paused → Running are made inside that lock together with the
/// bookkeeping; an end is made outside of it and is followed by <see cref="Open"/>. A reader counts itself in and looks at the
/// state once more under the lock, so it either sees the change or is seen by whoever made it.
/// </para>
/// <para>The semaphore is released after the lock is left: a waiter's continuation never runs inside it.</para>
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "A SemaphoreSlim whose wait handle is never asked for holds nothing to dispose.")]
internal sealed partial class PauseGate
{
    private readonly SemaphoreSlim _open = new(0);
    private readonly TimeProvider _time;
    private ITimer? _timer;
    private TimeSpan _timeout;
    private long _pausedAt;
    private TimeSpan _pausedBefore;
    private PauseRecord _last;
    private int _count;
    private bool _isPaused;
    private bool _isWaiting;

    public PauseGate(TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        _timeout = timeout;
    }

    public TimeSpan Timeout
    {
        get
        {
            lock (_open)
            {
                return _timeout;
            }
        }
    }

    /// <summary>True for the one caller that paused the stream.</summary>
    public bool TryPause(ref StreamStateCell state, in PauseRecord record, TimerCallback onTimeout, JsonRowStream stream)
    {
        CancellationTokenSource? opening;
        lock (_open)
        {
            if (!state.TryMove(StreamState.Running, StreamState.Paused))
            {
                return false;
            }

            _isPaused = true;
            _pausedAt = _time.GetTimestamp();
            _last = record;
            _count++;
            ArmLocked(onTimeout, stream);
            opening = LeaveQueueLocked();
        }

        opening?.Cancel();
        return true;
    }

    /// <summary>True for the one caller that resumed the stream.</summary>
    /// <param name="state">The stream's state.</param>
    /// <param name="lasted">How long the pause was.</param>
    public bool TryResume(ref StreamStateCell state, out TimeSpan lasted)
    {
        bool wake;
        lock (_open)
        {
            lasted = ElapsedLocked();
            if (!state.TryMove(StreamState.Paused, StreamState.Running))
            {
                return false;
            }

            wake = OpenLocked();
        }

        Wake(wake);
        return true;
    }

    /// <summary>How long the stream was paused in all, the pause under way included.</summary>
    /// <param name="isPaused">True while a pause is under way.</param>
    public TimeSpan GetPausedTime(out bool isPaused)
    {
        lock (_open)
        {
            isPaused = _isPaused;
            return _pausedBefore + ElapsedLocked();
        }
    }

    /// <summary>Resumes the stream if this pause has lasted its time; a timer left over from an earlier pause is set again instead.</summary>
    public bool TryResumeAfterTimeout(ref StreamStateCell state, out TimeSpan lasted)
    {
        bool wake;
        lock (_open)
        {
            lasted = ElapsedLocked();
            if (!_isPaused || _timeout == System.Threading.Timeout.InfiniteTimeSpan)
            {
                return false;
            }

            if (lasted < _timeout)
            {
                _timer?.Change(_timeout - lasted, System.Threading.Timeout.InfiniteTimeSpan);
                return false;
            }

            // Under the same lock as the look at the clock, or a pause that began in between would be the one resumed.
            if (!state.TryMove(StreamState.Paused, StreamState.Running))
            {
                return false;
            }

            wake = OpenLocked();
        }

        Wake(wake);
        return true;
    }

    /// <summary>Lets a waiting reader go, after the stream has ended.</summary>
    public void Open()
    {
        bool wake;
        lock (_open)
        {
            wake = OpenLocked();
            _timer?.Dispose();
            _timer = null;
        }

        Wake(wake);
    }

    /// <summary>Waits until the stream is not paused. May return early, so the caller looks at the state again.</summary>
    public Task WaitAsync(ref StreamStateCell state, CancellationToken cancellationToken)
    {
        lock (_open)
        {
            if (state.Value != StreamState.Paused || IsAwayLocked)
            {
                return Task.CompletedTask;
            }

            _isWaiting = true;
            return _open.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Changes how long a pause may last, counted from its start, now and from now on.</summary>
    public void SetTimeout(TimeSpan timeout, TimerCallback onTimeout, JsonRowStream stream)
    {
        lock (_open)
        {
            _timeout = timeout;
            if (_isPaused)
            {
                ArmLocked(onTimeout, stream);
            }
        }
    }

    /// <summary>The statistics after <see cref="Open"/>, for whoever called it: nothing of them changes any more, so this needs no lock.</summary>
    public PauseStatistics FinalStatistics => new(_count, _pausedBefore, _last);

    public PauseStatistics GetStatistics()
    {
        lock (_open)
        {
            TimeSpan current = ElapsedLocked();
            return new PauseStatistics(_count, _pausedBefore + current, _last) { Current = current };
        }
    }

    private TimeSpan ElapsedLocked() => _isPaused ? _time.GetElapsedTime(_pausedAt) : TimeSpan.Zero;

    private bool OpenLocked()
    {
        _pausedBefore += ElapsedLocked();
        _isPaused = false;
        WantOpenLocked();
        _timer?.Change(System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan);
        bool wake = _isWaiting;
        _isWaiting = false;
        return wake;
    }

    private void ArmLocked(TimerCallback onTimeout, JsonRowStream stream)
    {
        TimeSpan left = Sooner(_timeout, Parking is { IsOpen: false } or { IsWanted: true } ? System.Threading.Timeout.InfiniteTimeSpan : stream.ParkAfter);
        if (left != System.Threading.Timeout.InfiniteTimeSpan)
        {
            // Infinite is −1 ms, so a limit that passed 1 ms ago must not be taken for none.
            left -= ElapsedLocked();
            left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }

        if (_timer is not null)
        {
            _timer.Change(left, System.Threading.Timeout.InfiniteTimeSpan);
        }
        else if (left != System.Threading.Timeout.InfiniteTimeSpan)
        {
            _timer = _time.CreateTimer(onTimeout, stream, left, System.Threading.Timeout.InfiniteTimeSpan);
        }
    }

    // Infinite is less than nothing.
    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) =>
        one < TimeSpan.Zero ? other : other < TimeSpan.Zero || one < other ? one : other;

    private void Wake(bool wake)
    {
        if (wake)
        {
            _open.Release();
        }
    }
}

/// <summary>What is remembered of a pause.</summary>
internal readonly record struct PauseRecord(string? Reason, int RowsBuffered, int BytesBuffered);

/// <summary>What the gate knows of all pauses so far.</summary>
internal readonly record struct PauseStatistics(int Count, TimeSpan PausedTime, PauseRecord Last)
{
    /// <summary>How long the pause under way has lasted; zero when there is none.</summary>
    public TimeSpan Current { get; init; }
}
