using System.Globalization;

namespace StreamRuntime.Benchmarks.Results;

/// <summary>The most a subject's figure may be: a multiple of a reference's in the same run, or, without a reference, an amount.</summary>
internal sealed record Goal(string Situation, string Subject, string Figure, double Most, string? Reference = null)
{
    public GoalResult Check(SuiteResult result)
    {
        Measurement subject = result.Find(Situation, Subject);
        Ratio measured = Reference is null ? Ratio.Alone(subject, Figure) : Ratio.Of(subject, result.Find(Situation, Reference), Figure);
        return new GoalResult(this, measured, measured.Median <= Most);
    }

    /// <summary>True when the result has what the goal is about: a run of fewer situations checks fewer goals.</summary>
    public bool IsIn(SuiteResult result) =>
        result.TryFind(Situation, Subject) is not null && (Reference is null || result.TryFind(Situation, Reference) is not null);
}

/// <summary>A goal, and what was measured.</summary>
internal sealed record GoalResult(Goal Goal, Ratio Measured, bool IsMet)
{
    public override string ToString()
    {
        string heading = Figure.Columns.First(c => c.Name == Goal.Figure).Heading;
        string of = Goal.Reference is null ? "" : $" × {Goal.Reference}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(IsMet ? "PASS" : "FAIL")}  {Goal.Situation}: {Goal.Subject}, {heading} ≤ {Goal.Most:#,0.###}{of}: measured {Measured.Median:#,0.00} ({Measured.Lowest:#,0.00} to {Measured.Highest:#,0.00})");
    }
}
