using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Streams;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>How soon a pause and a resume take effect, what a pause costs, and what a paused stream keeps in memory.</summary>
internal sealed class PauseSuite : MicroSuite
{
    private const double MostHeldBytes = 2048;

    public static IReadOnlyList<Type> Benchmarks { get; } = [typeof(PauseCycleBenchmarks)];

    public override string Name => "pause";

    public override string Question => "time until a pause and a resume take effect, and memory of up to 100 000 paused streams";

    public override string Unit => "paused stream";

    public override IReadOnlyList<string> References { get; } = [Subject.Semaphore, Subject.LazyGate, Subject.EagerGate];

    public override IReadOnlyList<Goal> Goals { get; } =
        [.. PausedMemory.Subjects.Select(subject => new Goal(PausedMemory.Situation(100_000), subject, Figure.HeldBytes, MostHeldBytes))];

    public override IReadOnlyDictionary<string, string> Method => BenchmarkDotNetRun.Method;

    /// <summary>The quick gate leaves out what is the scheduler's as much as ours, and differs too much from run to run to judge a change by.</summary>
    public override IEnumerable<CaseFigures> Measure(MicroOptions options) =>
    [
        .. options.IsQuick ? [] : BenchmarkDotNetRun.Measure(Benchmarks, isQuick: false),
        .. options.IsQuick ? [] : PauseLatency.Measure(),
        .. PausedMemory.Measure(options.IsQuick),
    ];
}
