using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Streams;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Connections;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Connections;

/// <summary>What do two transitions of a connection cost, to idle and back to its next use?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.Connections)]
public class KeepAliveTransitionBenchmarks
{
    internal const string Name = "keep-alive, to idle and back";

    private readonly PlainByte[] _bytes = Questions.MakeObjects(() => new PlainByte());
    private readonly CellHolder[] _cells = Questions.MakeObjects(() => new CellHolder());
    private readonly KeepAlive[] _keptAlive = KeptAlive.Make();

    [Benchmark(Description = Subject.CompareAndSwap, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    public int CompareAndSwap() => Questions.AskAll(new Bare(_bytes));

    [Benchmark(Description = Subject.KeepAliveByte, OperationsPerInvoke = Questions.Asked)]
    public int KeepAliveByte() => Questions.AskAll(new OfCell(_cells));

    [Benchmark(Description = Subject.KeepAlive, OperationsPerInvoke = Questions.Asked)]
    public int KeepAliveWhole() => Questions.AskAll(new OfKeepAlive(_keptAlive, KeptAlive.Wheel.Clock));

    private readonly struct Bare(PlainByte[] bytes) : IQuestion
    {
        public int Ask(int index) => Move(ref bytes[index].Value, 0, 1) & Move(ref bytes[index].Value, 1, 0) ? 1 : 0;

        private static bool Move(ref byte value, byte from, byte to) => Interlocked.CompareExchange(ref value, to, from) == from;
    }

    private readonly struct OfCell(CellHolder[] cells) : IQuestion
    {
        public int Ask(int index) =>
            cells[index].Cell.TryMove(KeepAliveState.Active, KeepAliveState.Idle) & cells[index].Cell.TryMove(KeepAliveState.Idle, KeepAliveState.Active) ? 1 : 0;
    }

    // The time is read once: what a clock costs is another question.
    private readonly struct OfKeepAlive(KeepAlive[] keptAlive, MonotonicClock clock) : IQuestion
    {
        private readonly long _now = clock.Now;

        public int Ask(int index) => keptAlive[index].TryMove(KeepAliveState.Active, KeepAliveState.Idle, _now)
            & keptAlive[index].TryMove(KeepAliveState.Idle, KeepAliveState.Active, _now) ? 1 : 0;
    }

    private sealed class CellHolder
    {
        public KeepAliveCell Cell;
    }
}
