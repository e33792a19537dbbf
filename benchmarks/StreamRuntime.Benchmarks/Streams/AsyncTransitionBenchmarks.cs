using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>The same where the pauser wants to know that no further receive starts.</summary>
[Situation(Name)]
[BenchmarkCategory(Category.RowStreams)]
public class AsyncTransitionBenchmarks
{
    internal const string Name = "PauseAsync and ResumeAsync";

    private readonly LockedByte[] _locked = Questions.MakeObjects(() => new LockedByte());
    private readonly JsonRowStream[] _oneByte = Population.OneByte().PausedOnce();
    private readonly LockedRowStream[] _lazyGate = Population.LazyGate().PausedOnce();
    private readonly LockedRowStream[] _eagerGate = Population.EagerGate().PausedOnce();

    [Benchmark(Description = Subject.Lock, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    public int Lock() => Questions.AskAll(new InLock(_locked));

    [Benchmark(Description = Subject.OneByte, OperationsPerInvoke = Questions.Asked)]
    public int OneByte() => Questions.AskAll(new OfStream(_oneByte));

    [Benchmark(Description = Subject.LazyGate, OperationsPerInvoke = Questions.Asked)]
    public int LazyGate() => Questions.AskAll(new OfLocked(_lazyGate));

    [Benchmark(Description = Subject.EagerGate, OperationsPerInvoke = Questions.Asked)]
    public int EagerGate() => Questions.AskAll(new OfLocked(_eagerGate));

    private readonly struct OfStream(JsonRowStream[] streams) : IQuestion
    {
        public int Ask(int index) => streams[index].PauseAsync().IsCompletedSuccessfully & streams[index].ResumeAsync().IsCompletedSuccessfully ? 1 : 0;
    }

    private readonly struct OfLocked(LockedRowStream[] streams) : IQuestion
    {
        public int Ask(int index) => streams[index].PauseAsync().IsCompletedSuccessfully & streams[index].ResumeAsync().IsCompletedSuccessfully ? 1 : 0;
    }

    private readonly struct InLock(LockedByte[] bytes) : IQuestion
    {
        public int Ask(int index) => bytes[index].TryMove(0, 1) & bytes[index].TryMove(1, 0) ? 1 : 0;
    }
}
