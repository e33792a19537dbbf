namespace StreamRuntime.Timing;

/// <summary>A clock that counts nanoseconds and never goes back, over any time provider.</summary>
/// <remarks>Immutable and thread-safe. It stood at zero when it was made, so times of two clocks can't be compared.</remarks>
public sealed class MonotonicClock
{
    /// <summary>The time that never comes: a deadline at it is no deadline.</summary>
    public const long Never = long.MaxValue;

    private const long NanosecondsPerSecond = 1_000_000_000;

    // From here, so that a provider whose timestamps are large (dates, say) does not overflow once they are nanoseconds.
    private readonly long _origin;
    private readonly long _frequency;
    private readonly long _nanosecondsPerTimestamp;

    /// <summary>Makes a clock that stands at zero.</summary>
    /// <param name="timeProvider">Whose timestamps to count.</param>
    public MonotonicClock(TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        TimeProvider = timeProvider;
        _frequency = timeProvider.TimestampFrequency;
        _nanosecondsPerTimestamp = NanosecondsPerSecond % _frequency == 0 ? NanosecondsPerSecond / _frequency : 0;
        _origin = timeProvider.GetTimestamp();
    }

    /// <summary>Where the time comes from.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>Nanoseconds since the clock was made, rounded down to the provider's resolution. Good for 292 years.</summary>
    public long Now
    {
        get
        {
            long elapsed = TimeProvider.GetTimestamp() - _origin;
            return _nanosecondsPerTimestamp != 0 ? elapsed * _nanosecondsPerTimestamp : NowSlow(elapsed);
        }
    }

    /// <summary>The time a while after another; <see cref="Never"/> if that is further than a clock counts.</summary>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="time">Zero or more; <see cref="Timeout.InfiniteTimeSpan"/> gives <see cref="Never"/>.</param>
    public static long After(long now, TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan || time.Ticks > (Never - now) / TimeSpan.NanosecondsPerTick
            ? Never
            : now + time.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>How long it is from one time to another.</summary>
    /// <param name="from">Nanoseconds.</param>
    /// <param name="to">Nanoseconds.</param>
    public static TimeSpan Between(long from, long to) => TimeSpan.FromTicks((to - from) / TimeSpan.NanosecondsPerTick);

    private long NowSlow(long elapsed) => (long)((Int128)elapsed * NanosecondsPerSecond / _frequency);
}
