namespace StreamRuntime.Benchmarks.Gate;

/// <summary>Says whether a case allocates more than it did.</summary>
internal static class BytesJudge
{
    // An object is 24 bytes or more, so one for each unit is far beyond this, and what differs by chance is far below.
    private const double LeastIncrease = 1;

    // Where a case takes one of two ways, each half of the time, that five rounds of one build all took the one and all of the other's the other happens once in a
    // thousand cases; that eight did, once in sixty thousand.
    private const int FewestRounds = 8;

    /// <summary>Compares the bytes of all rounds; inconclusive where they seem to be more and it takes more rounds to be certain.</summary>
    /// <param name="reference">The reference's; at least one round.</param>
    /// <param name="current">This build's; at least one round.</param>
    /// <param name="areExact">True when bytes are the same in every run, so that any difference is the code's.</param>
    public static BytesResult Judge(IReadOnlyCollection<double> reference, IReadOnlyCollection<double> current, bool areExact)
    {
        double was = reference.Min();
        double now = current.Min();

        // The lowest of the rounds is the code's own: a round may have met something that happens once in a while, such as a pool that was trimmed.
        Verdict verdict = areExact ? Exact(was, now) : Scattered(reference, current);
        return new BytesResult(verdict, was, now);
    }

    private static Verdict Exact(double was, double now) => now > was ? Verdict.Regression : now < was ? Verdict.Better : Verdict.Fine;

    // Bytes of socket runs depend on how the data happened to arrive. Beyond the highest that was seen by as much as all that was seen scatters, it is the code.
    private static Verdict Scattered(IReadOnlyCollection<double> reference, IReadOnlyCollection<double> current)
    {
        double spread = reference.Max() - reference.Min();
        if (current.Min() >= reference.Max() + spread + LeastIncrease)
        {
            return reference.Count >= FewestRounds && current.Count >= FewestRounds ? Verdict.Regression : Verdict.Inconclusive;
        }

        return current.Max() <= reference.Min() - spread - LeastIncrease ? Verdict.Better : Verdict.Fine;
    }
}
