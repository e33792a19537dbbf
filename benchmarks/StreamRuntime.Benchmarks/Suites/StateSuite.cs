using StreamRuntime.Benchmarks.Connections;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Streams;
using StreamRuntime.Benchmarks.Timing;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>
/// What asking and changing a state costs: a stream's, against a byte that nobody guards and the locks that used to guard it; a connection's, a deadline's and
/// a pool's, each against the least that could do its work, or against Npgsql.
/// </summary>
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
        typeof(KeepAliveReadBenchmarks),
        typeof(KeepAliveTransitionBenchmarks),
        typeof(DeadlineCheckBenchmarks),
        typeof(WheelScheduleBenchmarks),
        typeof(WheelMoveBenchmarks),
        typeof(WheelCancelBenchmarks),
        typeof(PoolLeaseBenchmarks),
        typeof(PoolQueryBenchmarks),
    ];

    public override string Name => "state";

    public override string Question => "a state read, a transition, a deadline and a lease, against a plain byte, locks, older designs and Npgsql's pool";

    public override string Unit => "operation";

    public override IReadOnlyList<string> References { get; } =
    [
        Subject.PlainByteRead, Subject.Lock, Subject.Semaphore, Subject.LazyGate, Subject.EagerGate,
        Subject.CompareAndSwap, Subject.ClockAndCompare, Subject.ThousandEntries,
        Subject.NpgsqlPool, Subject.NpgsqlPoolNewObject, Subject.NpgsqlReset,
    ];

    public override IReadOnlyList<Goal> Goals { get; } =
    [
        new(StateReadBenchmarks.Name, Subject.OneByte, Figure.CpuNs, 1.1, Subject.PlainByteRead),
        .. new[] { RefusedPauseBenchmarks.Name, IdleTryResumeBenchmarks.Name, IdleResumeBenchmarks.Name }.SelectMany(situation => new Goal[]
        {
            new(situation, Subject.OneByte, Figure.CpuNs, 3, Subject.PlainByteRead),
            new(situation, Subject.OneByte, Figure.AllocatedBytes, 0),
        }),
        new(KeepAliveReadBenchmarks.Name, Subject.KeepAlive, Figure.CpuNs, 1.1, Subject.PlainByteRead),

        // About 1 ns more than the compare-and-swap itself, which takes some 5.
        new(KeepAliveTransitionBenchmarks.Name, Subject.KeepAliveByte, Figure.CpuNs, 1.2, Subject.CompareAndSwap),
        new(KeepAliveTransitionBenchmarks.Name, Subject.KeepAlive, Figure.AllocatedBytes, 0),
        new(DeadlineCheckBenchmarks.Name, Subject.KeepAlive, Figure.CpuNs, 1.1, Subject.ClockAndCompare),
        .. new[] { WheelScheduleBenchmarks.Name, WheelMoveBenchmarks.Name, WheelCancelBenchmarks.Name }.SelectMany(situation => new Goal[]
        {
            new(situation, Subject.MillionEntries, Figure.CpuNs, 2, Subject.ThousandEntries),
            new(situation, Subject.MillionEntries, Figure.AllocatedBytes, 0),
        }),
        new(PoolLeaseBenchmarks.Name, Subject.OurPool, Figure.CpuNs, 1, Subject.NpgsqlPool),
        new(PoolLeaseBenchmarks.Name, Subject.OurPool, Figure.AllocatedBytes, 0),
    ];

    public override IReadOnlyDictionary<string, string> Method => BenchmarkDotNetRun.Method;

    public override IEnumerable<CaseFigures> Measure(MicroOptions options) => BenchmarkDotNetRun.Measure(Benchmarks, options.IsQuick);
}
