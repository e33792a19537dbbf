using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>A case's full name.</summary>
internal sealed record CaseKey(string Suite, string Situation, string Subject)
{
    public override string ToString() => Subject.Length == 0 ? $"{Suite}: {Situation}" : $"{Suite}: {Situation}: {Subject}";
}

/// <summary>What was found out about one case.</summary>
internal sealed record CaseResult(CaseKey Case, CostResult Cost, BytesResult Bytes)
{
    public Verdict Verdict => Cost.Verdict > Bytes.Verdict ? Cost.Verdict : Bytes.Verdict;

    /// <summary>A result without figures.</summary>
    public static CaseResult Of(CaseKey key, Verdict verdict) => new(key, new CostResult(verdict), default);
}

/// <summary>What was found out about the figure that a case is compared by: CPU time, time, or the memory that was the question.</summary>
/// <param name="Verdict">How it is judged.</param>
/// <param name="Figure">Which figure it is; null when none was compared.</param>
/// <param name="Interval">This build's, divided by the reference's; null when there is no such ratio.</param>
/// <param name="Rounds">How many rounds it is judged by.</param>
internal readonly record struct CostResult(Verdict Verdict, string? Figure = null, RatioInterval? Interval = null, int Rounds = 0);

/// <summary>What was found out about a case's allocated bytes for each unit.</summary>
/// <param name="Verdict">How they are judged.</param>
/// <param name="Reference">The reference's lowest.</param>
/// <param name="Current">This build's lowest.</param>
internal readonly record struct BytesResult(Verdict Verdict, double? Reference = null, double? Current = null);
