using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Workers;

/// <summary>One build, ready to measure its suites as often as it is asked to.</summary>
internal interface IWorker : IAsyncDisposable
{
    /// <summary>Which build it is, for messages.</summary>
    string Name { get; }

    /// <summary>What it can measure, of what it was asked for.</summary>
    IReadOnlyList<WorkerSuite> Suites { get; }

    /// <summary>Measures every case of a suite once.</summary>
    /// <exception cref="Options.RunException">It could not; the message says which build and why.</exception>
    Task<IReadOnlyList<CaseFigures>> MeasureAsync(string suite);
}
