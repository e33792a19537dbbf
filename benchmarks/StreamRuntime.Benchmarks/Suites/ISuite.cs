using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>One question, and how it is measured.</summary>
internal interface ISuite
{
    /// <summary>The name on the command line and of the file under perf-results.</summary>
    string Name { get; }

    /// <summary>The question it answers, in half a line.</summary>
    string Question { get; }

    /// <summary>What times and bytes are counted for.</summary>
    string Unit { get; }

    /// <summary>The subjects that the others are compared with.</summary>
    IReadOnlyList<string> References { get; }

    IReadOnlyList<Goal> Goals { get; }

    /// <summary>True when the quick gate measures it.</summary>
    bool IsQuick { get; }

    /// <summary>Prepares what all rounds share, such as servers and data.</summary>
    Task<ISuiteRun> StartAsync(SuiteSettings settings);
}

/// <summary>What a run of suites may be told.</summary>
/// <param name="Rows">How many rows a whole run reads.</param>
/// <param name="IsQuick">True for the few cases, and the short ones, that stand for the suite in the quick gate.</param>
internal sealed record SuiteSettings(int Rows, bool IsQuick);

/// <summary>A suite that is ready to measure.</summary>
internal interface ISuiteRun : IAsyncDisposable
{
    /// <summary>Versions of what takes part.</summary>
    IReadOnlyDictionary<string, string> Versions { get; }

    IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>
    /// Measures every case once, in turn, each in a process of its own or one made for this round: what differs from process to process, such as where code
    /// lies in memory, must differ from round to round, or it would pass for a difference between two builds.
    /// </summary>
    Task<IReadOnlyList<CaseFigures>> MeasureRoundAsync();
}

/// <summary>What one case cost in one round.</summary>
internal sealed record CaseFigures(string Situation, string Subject, IReadOnlyDictionary<string, double> Figures, bool HasExactBytes = false);
