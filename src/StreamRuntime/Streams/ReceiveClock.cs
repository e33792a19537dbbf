namespace StreamRuntime.Streams;

/// <summary>
/// Measures how long the stream waited for its source, and says when that was too long. The time of a slow consumer and of a pause is
/// never in it, because it runs only while a receive is waited for.
/// </summary>
/// <remarks>
/// The reader alone writes the fields; the timer's callback only looks. One timer serves all receives: it is never moved by a receive, it asks when
/// it comes up how much is left and sets itself again.
/// </remarks>
internal sealed class ReceiveClock : IDisposable
{
    private readonly TimeProvider _time;
    private readonly long _progressLimit;
    private readonly long _totalLimit;
    private readonly Action<StopReason> _onExpired;
    private readonly ITimer? _timer;
    private long _waitStart;
    private long _silent;
    private long _waited;

    public ReceiveClock(TimeProvider time, TimeSpan progressLimit, TimeSpan totalLimit, Action<StopReason> onExpired)
    {
        _time = time;
        _progressLimit = ToTicks(progressLimit);
        _totalLimit = ToTicks(totalLimit);
        _onExpired = onExpired;
        if (Math.Min(_progressLimit, _totalLimit) != long.MaxValue)
        {
            _timer = time.CreateTimer(static clock => ((ReceiveClock)clock!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            SetTimer(Math.Min(_progressLimit, _totalLimit));
        }
    }

    /// <summary>How long the source was waited for in all, the wait under way included.</summary>
    public TimeSpan Waited
    {
        get
        {
            long start = Volatile.Read(ref _waitStart);
            long waited = Volatile.Read(ref _waited) + (start == 0 ? 0 : _time.GetTimestamp() - start);
            return TimeSpan.FromSeconds((double)waited / _time.TimestampFrequency);
        }
    }

    // Zero means "not waiting", so a clock that starts at zero is moved by one tick.
    public void BeginWait() => Volatile.Write(ref _waitStart, Math.Max(1, _time.GetTimestamp()));

    public void EndWait(bool progressed)
    {
        long start = _waitStart;
        if (start == 0)
        {
            return;
        }

        long wait = _time.GetTimestamp() - start;
        Volatile.Write(ref _waited, _waited + wait);
        Volatile.Write(ref _silent, progressed ? 0 : _silent + wait);
        Volatile.Write(ref _waitStart, 0);
    }

    public void Progressed() => Volatile.Write(ref _silent, 0);

    public void Dispose() => _timer?.Dispose();

    private void Check()
    {
        long start = Volatile.Read(ref _waitStart);
        long wait = start == 0 ? 0 : _time.GetTimestamp() - start;
        long progressLeft = _progressLimit == long.MaxValue ? long.MaxValue : _progressLimit - (start == 0 ? 0 : Volatile.Read(ref _silent) + wait);
        long totalLeft = _totalLimit == long.MaxValue ? long.MaxValue : _totalLimit - Volatile.Read(ref _waited) - wait;
        if (start != 0 && totalLeft <= 0)
        {
            _onExpired(StopReason.TotalTimeout);
        }
        else if (start != 0 && progressLeft <= 0)
        {
            _onExpired(StopReason.ProgressTimeout);
        }
        else
        {
            // While nothing is waited for, a wait that begins later can't expire before a whole limit has passed.
            SetTimer(Math.Min(Math.Max(progressLeft, 1), Math.Max(totalLeft, 1)));
        }
    }

    private void SetTimer(long ticks)
    {
        // Rounded up to the timer's millisecond: a deadline is never early.
        double milliseconds = Math.Ceiling(ticks * 1000.0 / _time.TimestampFrequency);
        _timer?.Change(TimeSpan.FromMilliseconds(Math.Max(1, milliseconds)), Timeout.InfiniteTimeSpan);
    }

    private long ToTicks(TimeSpan limit) =>
        limit == Timeout.InfiniteTimeSpan ? long.MaxValue : (long)Math.Ceiling(limit.TotalSeconds * _time.TimestampFrequency);
}
