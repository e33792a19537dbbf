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

    public required IReadOnlyList<Measurement> Measurements { get; init; }

    public required IReadOnlyList<GoalResult> Goals { get; init; }

    public Measurement Find(string situation, string client) => Measurements.Single(m => m.Situation == situation && m.Client == client);
}

/// <summary>One client in one situation, over all rounds.</summary>
/// <param name="Situation">What was read.</param>
/// <param name="Client">Who read it.</param>
/// <param name="Rounds">The figures of each round, in order: index by index comparable with the other clients'.</param>
internal sealed record Measurement(string Situation, string Client, IReadOnlyList<RoundFigures> Rounds)
{
    /// <summary>The middle of the rounds, figure by figure.</summary>
    public RoundFigures Median => new()
    {
        WallNsPerRow = Rounds.MedianOf(r => r.WallNsPerRow),
        CpuNsPerRow = Rounds.MedianOf(r => r.CpuNsPerRow),
        UserNsPerRow = Rounds.MedianOf(r => r.UserNsPerRow),
        SystemNsPerRow = Rounds.MedianOf(r => r.SystemNsPerRow),
        PeakKb = (long)Rounds.MedianOf(r => r.PeakKb),
        Waits = (long)Rounds.MedianOf(r => r.Waits),
        AllocatedBytes = Rounds.All(r => r.AllocatedBytes.HasValue) ? (long)Rounds.MedianOf(r => r.AllocatedBytes!.Value) : null,
    };
}

/// <summary>One process: start, rows, end.</summary>
internal sealed record RoundFigures
{
    public required double WallNsPerRow { get; init; }

    /// <summary>User and system time of the client process.</summary>
    public required double CpuNsPerRow { get; init; }

    public required double UserNsPerRow { get; init; }

    public required double SystemNsPerRow { get; init; }

    /// <summary>The most memory that was resident.</summary>
    public required long PeakKb { get; init; }

    /// <summary>How often a thread of it gave the processor up to wait for something.</summary>
    public required long Waits { get; init; }

    /// <summary>Managed memory; null where there is none.</summary>
    public required long? AllocatedBytes { get; init; }
}
