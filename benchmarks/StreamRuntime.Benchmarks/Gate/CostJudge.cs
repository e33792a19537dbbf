using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>Says from the logarithms of ratios whether a case has become dearer: slower, or larger.</summary>
/// <remarks>
/// <para>
/// A regression is only what is certain. Many cases are asked about, some more than once, and each question is a chance for noise to look like one; so the one chance in a hundred that a whole
/// run may have for a false alarm is divided by the number of questions (Bonferroni). It is the chance for builds that are dearer by all of the
/// tolerance; equal builds have that room on top.
/// </para>
/// <para>That a case is fine is said of that case by itself, at 95 %: nobody is stopped by it, and what is well beyond the tolerance is not missed at that either.</para>
/// </remarks>
/// <param name="tolerance">How much dearer is still fine: 0.05 for 5 %.</param>
/// <param name="questions">How often a run asks whether a case has become dearer: cases times looks.</param>
internal sealed class CostJudge(double tolerance, int questions)
{
    // Half of what is promised: this far out the interval of a trimmed mean misses the truth up to twice as often as Student's distribution says.
    private const double FalseAlarms = 0.01 / 2;
    private const double FalsePasses = 0.05;

    public CostResult Judge(string figure, TrimmedMean logarithm, int rounds)
    {
        var interval = RatioInterval.Of(logarithm, FalseAlarms / questions, FalsePasses);
        Verdict verdict = interval switch
        {
            _ when interval.Lower > 1 + tolerance => Verdict.Regression,
            _ when interval.Upper < 1 / (1 + tolerance) => Verdict.Better,
            _ when interval.Upper < 1 + tolerance => Verdict.Fine,
            _ => Verdict.Inconclusive,
        };
        return new CostResult(verdict, figure, interval, rounds);
    }
}
