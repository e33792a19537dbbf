namespace StreamRuntime.Connections;

/// <summary>How long to wait after a failed attempt: twice as long each time up to a limit, less a part that is left to chance.</summary>
/// <remarks>A pure function of the seed and a counter, so it is thread-safe and repeatable.</remarks>
internal static class RetrySchedule
{
    /// <summary>The wait.</summary>
    /// <param name="options">The limits.</param>
    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="chance">From 0, the longest wait, to 1, the shortest.</param>
    public static TimeSpan WaitAfter(LinkOptions options, int attempt, double chance)
    {
        double longest = Math.Min(options.LongestBackOff.Ticks, options.FirstBackOff.Ticks * Math.Pow(2, attempt - 1));
        return TimeSpan.FromTicks((long)Math.Ceiling(longest * (1 - options.BackOffJitter * chance)));
    }

    /// <summary>The n-th number of a seed's series, from 0 up to 1 (SplitMix64).</summary>
    public static double Chance(long seed, long n)
    {
        unchecked
        {
            ulong mixed = (ulong)seed + (ulong)n * 0x9E3779B97F4A7C15;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            mixed ^= mixed >> 31;
            return (mixed >> 11) * (1.0 / (1UL << 53));
        }
    }
}
