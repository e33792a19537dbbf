using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Streams;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>What asking and changing the state of a stream costs, against a byte that nobody guards, and against the locks that used to guard it.</summary>
internal sealed class StateSuite : MicroSuite
{
    public static IReadOnlyList<Type> Benchmarks { get; } =
    [
        typeof(StateReadBenchmarks),
        typeof(RefusedPauseBenchmarks),
        typeof(IdleTryResumeBenchmarks),
        typeof(IdleResumeBenchmarks),
        typeof(TransitionBenchmarks),
        typeof(AsyncTransitionBenchmarks),
    ];

    public override string Name => "state";

    public override string Question => "a state read, a transition and a refused one, against a plain byte, locks and older designs";

    public override string Unit => "operation";

    public override IReadOnlyList<string> References { get; } = [Subject.PlainByteRead, Subject.Lock, Subject.Semaphore, Subject.LazyGate, Subject.EagerGate];

    public override IReadOnlyList<Goal> Goals { get; } =
    [
        new(StateReadBenchmarks.Name, Subject.OneByte, Figure.CpuNs, 1.1, Subject.PlainByteRead),
        .. new[] { RefusedPauseBenchmarks.Name, IdleTryResumeBenchmarks.Name, IdleResumeBenchmarks.Name }.SelectMany(situation => new Goal[]
        {
            new(situation, Subject.OneByte, Figure.CpuNs, 3, Subject.PlainByteRead),
            new(situation, Subject.OneByte, Figure.AllocatedBytes, 0),
        }),
    ];

    public override IReadOnlyDictionary<string, string> Method => BenchmarkDotNetRun.Method;

    public override IEnumerable<CaseFigures> Measure(MicroOptions options) => BenchmarkDotNetRun.Measure(Benchmarks, options.IsQuick);
}
