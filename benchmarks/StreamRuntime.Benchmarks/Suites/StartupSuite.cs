using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Streams;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>What a stream costs that never pauses, and what its first pause adds, in the present design and the two before it.</summary>
internal sealed class StartupSuite : MicroSuite
{
    private const double MostBytesOfFirstPause = 300;

    public static IReadOnlyList<Type> Benchmarks { get; } = [typeof(StreamLifeBenchmarks), typeof(FirstTryPauseBenchmarks), typeof(FirstPauseBenchmarks)];

    public override string Name => "startup";

    public override string Question => "creating, finishing and disposing a stream that never pauses; the first pause; against older designs";

    public override string Unit => "stream";

    public override IReadOnlyList<string> References { get; } = [Subject.LazyGate, Subject.EagerGate, Subject.BareSource, Subject.Semaphore];

    public override IReadOnlyList<Goal> Goals { get; } =
    [
        .. from design in new[] { Subject.LazyGate, Subject.EagerGate }
           from figure in new[] { Figure.CpuNs, Figure.AllocatedBytes }
           select new Goal(StreamLifeBenchmarks.Name, Subject.OneByte, figure, 1, design),
        new(FirstPauseBenchmarks.Name, Subject.OneByte, Figure.AllocatedBytes, MostBytesOfFirstPause),
    ];

    public override IReadOnlyDictionary<string, string> Method => BenchmarkDotNetRun.Method;

    public override IEnumerable<CaseFigures> Measure(MicroOptions options) => BenchmarkDotNetRun.Measure(Benchmarks, options.IsQuick);
}
