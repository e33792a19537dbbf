using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Streams;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Connections;

namespace StreamRuntime.Benchmarks.Connections;

/// <summary>What does it cost to ask whether a connection is in use?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.Connections)]
public class KeepAliveReadBenchmarks
{
    internal const string Name = "keep-alive state read";

    private readonly PlainByte[] _bytes = Questions.MakeObjects(() => new PlainByte());
    private readonly KeepAlive[] _keptAlive = KeptAlive.Make();

    [Benchmark(Description = Subject.PlainByteRead, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    public int PlainByteRead() => Questions.AskAll(new Plain(_bytes));

    [Benchmark(Description = Subject.KeepAlive, OperationsPerInvoke = Questions.Asked)]
    public int KeepAliveState() => Questions.AskAll(new OfKeepAlive(_keptAlive));

    private readonly struct Plain(PlainByte[] bytes) : IQuestion
    {
        public int Ask(int index) => bytes[index].Value;
    }

    private readonly struct OfKeepAlive(KeepAlive[] keptAlive) : IQuestion
    {
        public int Ask(int index) => (int)keptAlive[index].State;
    }
}
