using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>What does it cost to resume a stream that never paused?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.RowStreams)]
public class IdleResumeBenchmarks
{
    internal const string Name = "ResumeAsync, never paused";

    private readonly PlainByte[] _bytes = Questions.MakeObjects(() => new PlainByte());
    private readonly JsonRowStream[] _oneByte = Population.OneByte();
    private readonly LockedRowStream[] _lazyGate = Population.LazyGate();
    private readonly LockedRowStream[] _eagerGate = Population.EagerGate();

    [Benchmark(Description = Subject.PlainByteRead, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    [BenchmarkCategory(Category.Quick)]
    public int PlainByteRead() => Questions.AskAll(new Plain(_bytes));

    [Benchmark(Description = Subject.OneByte, OperationsPerInvoke = Questions.Asked)]
    [BenchmarkCategory(Category.Quick)]
    public int OneByte() => Questions.AskAll(new OfStream(_oneByte));

    [Benchmark(Description = Subject.LazyGate, OperationsPerInvoke = Questions.Asked)]
    public int LazyGate() => Questions.AskAll(new OfLocked(_lazyGate));

    [Benchmark(Description = Subject.EagerGate, OperationsPerInvoke = Questions.Asked)]
    public int EagerGate() => Questions.AskAll(new OfLocked(_eagerGate));

    private readonly struct Plain(PlainByte[] bytes) : IQuestion
    {
        public int Ask(int index) => bytes[index].Value;
    }

    private readonly struct OfStream(JsonRowStream[] streams) : IQuestion
    {
        public int Ask(int index) => streams[index].ResumeAsync().IsCompletedSuccessfully ? 1 : 0;
    }

    private readonly struct OfLocked(LockedRowStream[] streams) : IQuestion
    {
        public int Ask(int index) => streams[index].ResumeAsync().IsCompletedSuccessfully ? 1 : 0;
    }
}
