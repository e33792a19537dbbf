namespace StreamRuntime.Streams;

/// <summary>
/// Measures how long the stream waited for its source, and says when that was too long. The time of a slow consumer and of a pause is
/// never in it: it runs only while a receive is waited for, and stands still while the stream is paused.
/// </summary>
/// <remarks>
/// A lock on the clock itself, which nobody but its stream can reach, guards every field; it is taken when a wait begins and ends, never for a row. One timer
/// serves all receives: a receive does not move it, it asks when it comes up how much is left and sets itself again. While nothing is waited for it stays down.
/// </remarks>
internal sealed class ReceiveClock : IDisposable
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _progressLimit;
    private readonly TimeSpan _totalLimit;
    private readonly JsonRowStream _stream;
    private readonly long _origin;
    private readonly ITimer? _timer;
    private TimeSpan _waitStart;
    private TimeSpan _silent;
    private TimeSpan _waited;
    private bool _isWaiting;
    private bool _isArmed;

    public ReceiveClock(JsonRowStream stream, TimeProvider time, TimeSpan progressLimit, TimeSpan totalLimit, TimeSpan waited = default)
    {
        _waited = waited;
        _time = time;
        _progressLimit = progressLimit == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : progressLimit;
        _totalLimit = totalLimit == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : totalLimit;
        _stream = stream;
        _origin = time.GetTimestamp();
        if (_progressLimit != TimeSpan.MaxValue || _totalLimit != TimeSpan.MaxValue)
        {
            _timer = time.CreateTimer(static clock => ((ReceiveClock)clock!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>How long the source was waited for in all, the wait under way included.</summary>
    public TimeSpan Waited
    {
        get
        {
            lock (this)
            {
                return _waited + WaitLocked(out _);
            }
        }
    }

    public void BeginWait()
    {
        lock (this)
        {
            _waitStart = RunningTime(out _);
            _isWaiting = true;
            if (!_isArmed)
            {
                ArmLocked(TimeSpan.Zero);
            }
        }
    }

    public void EndWait(bool progressed)
    {
        lock (this)
        {
            TimeSpan wait = WaitLocked(out _);
            _waited += wait;
            _silent = progressed ? TimeSpan.Zero : _silent + wait;
            _isWaiting = false;
        }
    }

    public void Progressed()
    {
        lock (this)
        {
            _silent = TimeSpan.Zero;
        }
    }

    /// <summary>A pause ended, so a wait under way goes on.</summary>
    public void Resumed() => Check();

    public void Dispose() => _timer?.Dispose();

    private void Check()
    {
        var expired = StopReason.None;
        lock (this)
        {
            TimeSpan wait = WaitLocked(out bool isPaused);
            _isArmed = false;
            if (_totalLimit - _waited <= wait)
            {
                expired = StopReason.TotalTimeout;
            }
            else if (_progressLimit - _silent <= wait)
            {
                expired = StopReason.ProgressTimeout;
            }
            else if (_isWaiting && !isPaused)
            {
                ArmLocked(wait);
            }
        }

        if (expired != StopReason.None)
        {
            _stream.Stop(expired);
        }
    }

    private void ArmLocked(TimeSpan wait)
    {
        TimeSpan left = _totalLimit - _waited;
        if (_progressLimit - _silent < left)
        {
            left = _progressLimit - _silent;
        }

        if (_timer is not null)
        {
            // Rounded up to the timer's millisecond: a deadline is never early.
            _isArmed = true;
            _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling((left - wait).TotalMilliseconds))), Timeout.InfiniteTimeSpan);
        }
    }

    private TimeSpan WaitLocked(out bool isPaused)
    {
        TimeSpan wait = RunningTime(out isPaused) - _waitStart;
        return _isWaiting && wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>Time on a clock that stands still during pauses; only differences mean anything.</summary>
    private TimeSpan RunningTime(out bool isPaused)
    {
        isPaused = false;
        TimeSpan paused = _stream.Gate?.GetPausedTime(out isPaused) ?? TimeSpan.Zero;
        return _time.GetElapsedTime(_origin) - paused;
    }
}
