using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Designs;

/// <summary>The pause machinery of a <see cref="LockedRowStream"/>: what a waiting reader waits for, the pause timeout, and what is remembered of pauses.</summary>
/// <remarks>Every member whose name ends in Locked needs the stream's lock; <see cref="Wake"/> is called outside of it.</remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "A SemaphoreSlim whose wait handle is never asked for holds nothing to dispose, and the end of the stream disposes the timer.")]
internal sealed class LockedGate
{
    private readonly SemaphoreSlim _open = new(0);
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private ITimer? _timer;
    private long _pausedAt;
    private TimeSpan _pausedBefore;
    private PauseRecord _last;
    private int _count;
    private bool _isPaused;
    private bool _isWaiting;

    public LockedGate(TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        _timeout = timeout;
    }

    public void CloseLocked(in PauseRecord record, TimerCallback onTimeout, object stream)
    {
        _isPaused = true;
        _pausedAt = _time.GetTimestamp();
        _last = record;
        _count++;
        if (_timer is not null)
        {
            _timer.Change(_timeout, Timeout.InfiniteTimeSpan);
        }
        else if (_timeout != Timeout.InfiniteTimeSpan)
        {
            _timer = _time.CreateTimer(onTimeout, stream, _timeout, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>True when a reader waits and is to be woken.</summary>
    public bool OpenLocked(out TimeSpan lasted)
    {
        lasted = ElapsedLocked();
        _pausedBefore += lasted;
        _isPaused = false;
        _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        bool wake = _isWaiting;
        _isWaiting = false;
        return wake;
    }

    /// <summary>False for a timer that was set for an earlier pause; it is set again for what is left of this one.</summary>
    public bool HasTimedOutLocked()
    {
        TimeSpan left = _timeout - ElapsedLocked();
        if (_isPaused && left > TimeSpan.Zero)
        {
            _timer?.Change(left, Timeout.InfiniteTimeSpan);
        }

        return _isPaused && left <= TimeSpan.Zero;
    }

    public Task WaitLocked(CancellationToken cancellationToken)
    {
        _isWaiting = true;
        return _open.WaitAsync(cancellationToken);
    }

    public void StopTimerLocked()
    {
        _timer?.Dispose();
        _timer = null;
    }

    public PauseStatistics GetStatisticsLocked() => new(_count, _pausedBefore + ElapsedLocked(), _last);

    public void Wake() => _open.Release();

    private TimeSpan ElapsedLocked() => _isPaused ? _time.GetElapsedTime(_pausedAt) : TimeSpan.Zero;
}
