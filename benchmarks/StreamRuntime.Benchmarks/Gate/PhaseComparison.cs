using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>
/// Compares a suite's result with a recorded one. The machine may be another, so times mean nothing: what is compared is how each subject relates to the first reference of the same run
/// that both runs have, such as 0.91 × libpq then and 0.95 × libpq now. The rounds of the two runs are no pairs, so more of them are needed to be certain.
/// </summary>
internal static class PhaseComparison
{
    /// <summary>How many cases will be judged by a ratio.</summary>
    public static int CountCompared(SuiteResult then, SuiteResult now) =>
        SettingsDifference.Describe(then.Settings, now.Settings).Length > 0 ? 0 : now.Measurements.Count(m => then.TryFind(m.Situation, m.Subject) is { } was && FindLogarithms(then, was, now, m) is not null);

    public static IEnumerable<CaseResult> Compare(SuiteResult then, SuiteResult now, CostJudge judge)
    {
        if (SettingsDifference.Describe(then.Settings, now.Settings) is { Length: > 0 } differences)
        {
            return [CaseResult.Of(new CaseKey(then.Suite, "other settings: " + differences, ""), Verdict.Incomparable)];
        }

        return then.Measurements.Select(was => now.TryFind(was.Situation, was.Subject) is { } measured ? Compare(then, was, now, measured, judge) : Without(then, was, Verdict.Vanished))
            .Concat(now.Measurements.Where(m => then.TryFind(m.Situation, m.Subject) is null).Select(m => Without(now, m, Verdict.New)));
    }

    private static CaseResult Compare(SuiteResult then, Measurement was, SuiteResult now, Measurement measured, CostJudge judge)
    {
        if (now.References.Contains(measured.Subject))
        {
            return Without(now, measured, Verdict.NotJudged);
        }

        CostResult cost = FindLogarithms(then, was, now, measured) is var (figure, before, after)
            ? judge.Judge(figure, TrimmedMean.Of(after).Minus(TrimmedMean.Of(before)), Math.Min(before.Length, after.Length))
            : default;
        BytesResult bytes = (FindBytes(was), FindBytes(measured)) switch
        {
            ({ } had, { } has) => BytesJudge.Judge(had, has, was.HasExactBytes && measured.HasExactBytes),
            ({ }, null) => new BytesResult(Verdict.Vanished),
            _ => default,
        };
        return new CaseResult(new CaseKey(now.Suite, measured.Situation, measured.Subject), cost, bytes);
    }

    private static CaseResult Without(SuiteResult result, Measurement measured, Verdict verdict) => CaseResult.Of(new CaseKey(result.Suite, measured.Situation, measured.Subject), verdict);

    private static (string Figure, double[] Before, double[] After)? FindLogarithms(SuiteResult then, Measurement was, SuiteResult now, Measurement measured)
    {
        if (now.References.Contains(measured.Subject))
        {
            return null;
        }

        foreach (string reference in now.References)
        {
            if (then.TryFind(was.Situation, reference) is { } referenceThen && now.TryFind(measured.Situation, reference) is { } referenceNow
                && FindFigure(was, referenceThen, measured, referenceNow) is { } figure)
            {
                double[] before = Logarithms(was, referenceThen, figure);
                double[] after = Logarithms(measured, referenceNow, figure);
                return before.Concat(after).All(double.IsFinite) ? (figure, before, after) : null;
            }
        }

        return null;
    }

    private static string? FindFigure(params Measurement[] all) =>
        Figure.Comparable.FirstOrDefault(f => all.All(m => m.Rounds.Count > 0 && m.Rounds.All(r => r.ContainsKey(f))));

    private static double[] Logarithms(Measurement subject, Measurement reference, string figure) => [.. subject.Rounds.Zip(reference.Rounds, (s, r) => Math.Log(s[figure] / r[figure]))];

    private static double[]? FindBytes(Measurement measured) =>
        measured.Rounds.Count > 0 && measured.Rounds.All(r => r.ContainsKey(Figure.AllocatedBytes)) ? [.. measured.Rounds.Select(r => r[Figure.AllocatedBytes])] : null;
}
