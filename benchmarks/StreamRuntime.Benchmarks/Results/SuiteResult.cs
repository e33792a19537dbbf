using StreamRuntime.Benchmarks.Measuring;

namespace StreamRuntime.Benchmarks.Results;

/// <summary>Everything one suite measured in one run; what is recorded under perf-results.</summary>
internal sealed record SuiteResult
{
    public required string Suite { get; init; }

    public required DateTimeOffset MeasuredAt { get; init; }

    public required SourceVersion Source { get; init; }

    public required Machine Machine { get; init; }

    /// <summary>Versions of what took part.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>What times and bytes are counted for, such as <c>row</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>The subjects that the others are compared with, wherever a situation has them.</summary>
    public required IReadOnlyList<string> References { get; init; }

    public required IReadOnlyList<Measurement> Measurements { get; init; }

    public required IReadOnlyList<GoalResult> Goals { get; init; }

    public Measurement Find(string situation, string subject) => TryFind(situation, subject)
        ?? throw new InvalidOperationException($"The suite {Suite} measured no {subject} in the situation {situation}.");

    public Measurement? TryFind(string situation, string subject) => Measurements.SingleOrDefault(m => m.Situation == situation && m.Subject == subject);
}
