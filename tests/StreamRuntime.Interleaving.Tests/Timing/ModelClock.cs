namespace StreamRuntime.Timing;

/// <summary>A clock that stands still unless set, and the one timer of a wheel, which comes up when it is told to.</summary>
internal sealed class ModelClock : TimeProvider, ITimer
{
    private TimerCallback? _callback;
    private object? _state;
    private long? _due;

    /// <summary>In milliseconds.</summary>
    public long Now { get; set; }

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        (_callback, _state) = (callback, state);
        return this;
    }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _due = Now + (long)dueTime.TotalMilliseconds;
        return true;
    }

    /// <summary>Runs the timer's callback if it is due.</summary>
    public bool TryFire()
    {
        if (!(_due <= Now))
        {
            return false;
        }

        _due = null;
        _callback!(_state);
        return true;
    }

    public void Dispose() => _due = null;

    public ValueTask DisposeAsync() => default;
}
