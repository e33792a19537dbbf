using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>A suite whose cases are short enough to share a process, a new one each round.</summary>
internal abstract class MicroSuite : ISuite
{
    public abstract string Name { get; }

    public abstract string Question { get; }

    public abstract string Unit { get; }

    public abstract IReadOnlyList<string> References { get; }

    public abstract IReadOnlyList<Goal> Goals { get; }

    public bool IsQuick => true;

    /// <summary>How it is measured, for the record.</summary>
    public abstract IReadOnlyDictionary<string, string> Method { get; }

    public Task<ISuiteRun> StartAsync(SuiteSettings settings) => Task.FromResult<ISuiteRun>(new MicroRun(this, settings));

    /// <summary>Measures every case once, in this process, which was made for it.</summary>
    public abstract IEnumerable<CaseFigures> Measure(MicroOptions options);
}
