using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace StreamRuntime.Connections;

/// <summary>How often a link tries to connect, for how long, and how it waits in between. Checked once when a link is made from it; immutable and safe to share.</summary>
public sealed record LinkOptions
{
    /// <summary>The options used where none are given.</summary>
    public static LinkOptions Default { get; } = new();

    /// <summary>How many attempts there are before a failure is permanent. From 1 to 1 000; 3 by default.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>
    /// How long one attempt may take before it counts as failed; what it still brings after that is closed. More than zero, or infinite; 10 s by
    /// default.
    /// </summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait after the first failure; it doubles with every further one. From zero to 1 day; 100 ms by default.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The longest wait. From <see cref="FirstBackOff"/> to 1 day; 2 s by default, so that a server that is back is found within seconds.
    /// </summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Which part of a wait is left to chance, so that many clients of a server that went away do not come back all at once. From 0 (none) to 1 (all of
    /// it); 0.5 by default: a wait is between half its length and all of it.
    /// </summary>
    public double BackOffJitter { get; init; } = 0.5;

    /// <summary>Makes the chance repeatable, for tests; null, the default, takes another each time.</summary>
    public int? JitterSeed { get; init; }

    /// <summary>
    /// Says whether another attempt may fare better after an error; a wrong password, for one, stays wrong. Always by default. Called once for each
    /// failed attempt; one that throws has said yes.
    /// </summary>
    public Func<Exception, bool> IsRetryable { get; init; } = static _ => true;

    /// <summary>
    /// Takes the log: transitions and refusals at debug level, failed attempts as information, permanent failures as warnings. Endpoints are written
    /// as their <c>ToString</c> has them. Nothing is logged by default.
    /// </summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        Check(MaxAttempts is >= 1 and <= 1000, nameof(MaxAttempts), MaxAttempts, "from 1 to 1000");
        Check(AttemptTimeout > TimeSpan.Zero || AttemptTimeout == Timeout.InfiniteTimeSpan, nameof(AttemptTimeout), AttemptTimeout, "more than zero, or infinite");
        Check(FirstBackOff >= TimeSpan.Zero && FirstBackOff <= TimeSpan.FromDays(1), nameof(FirstBackOff), FirstBackOff, "from zero to 1 day");
        Check(LongestBackOff >= FirstBackOff && LongestBackOff <= TimeSpan.FromDays(1), nameof(LongestBackOff), LongestBackOff, "from FirstBackOff to 1 day");
        Check(BackOffJitter is >= 0 and <= 1, nameof(BackOffJitter), BackOffJitter, "from 0 to 1");
        ArgumentNullException.ThrowIfNull(IsRetryable);
        ArgumentNullException.ThrowIfNull(Logger);
    }

    private static void Check(bool holds, string name, object value, string range)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {range}.");
        }
    }
}
