using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>A case's full name.</summary>
internal sealed record CaseKey(string Suite, string Situation, string Subject)
{
    public override string ToString() => Subject.Length == 0 ? $"{Suite}: {Situation}" : $"{Suite}: {Situation}: {Subject}";
}

/// <summary>What was found out about one case.</summary>
internal sealed record CaseResult(CaseKey Case, TimeResult Time, BytesResult Bytes)
{
    public Verdict Verdict => Time.Verdict > Bytes.Verdict ? Time.Verdict : Bytes.Verdict;

    /// <summary>A result without figures.</summary>
    public static CaseResult Of(CaseKey key, Verdict verdict) => new(key, new TimeResult(verdict), default);
}

/// <summary>What was found out about a case's time, or its CPU time.</summary>
/// <param name="Verdict">How it is judged.</param>
/// <param name="Interval">This build's, divided by the reference's; null when it was not compared.</param>
/// <param name="Rounds">How many rounds it is judged by.</param>
internal readonly record struct TimeResult(Verdict Verdict, RatioInterval? Interval = null, int Rounds = 0);

/// <summary>What was found out about a case's allocated bytes for each unit.</summary>
/// <param name="Verdict">How they are judged.</param>
/// <param name="Reference">The reference's lowest.</param>
/// <param name="Current">This build's lowest.</param>
internal readonly record struct BytesResult(Verdict Verdict, double? Reference = null, double? Current = null);
