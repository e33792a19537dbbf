using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Connections;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Connections;

/// <summary>What does it cost to ask whether an idle connection is to be closed by now?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.Connections)]
public class DeadlineCheckBenchmarks
{
    internal const string Name = "keep-alive deadline check";

    private readonly PlainDeadline[] _deadlines = Questions.MakeObjects(() => new PlainDeadline());
    private readonly KeepAlive[] _keptAlive = KeptAlive.Make();

    public DeadlineCheckBenchmarks()
    {
        foreach (KeepAlive keepAlive in _keptAlive)
        {
            keepAlive.TryMove(KeepAliveState.Active, KeepAliveState.Idle, KeptAlive.Wheel.Clock.Now);
        }
    }

    [Benchmark(Description = Subject.ClockAndCompare, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    public int ClockAndCompare() => Questions.AskAll(new Plain(_deadlines, KeptAlive.Wheel.Clock));

    [Benchmark(Description = Subject.KeepAlive, OperationsPerInvoke = Questions.Asked)]
    public int KeepAliveDeadline() => Questions.AskAll(new OfKeepAlive(_keptAlive, KeptAlive.Wheel.Clock));

    private readonly struct Plain(PlainDeadline[] deadlines, MonotonicClock clock) : IQuestion
    {
        public int Ask(int index) => clock.Now >= deadlines[index].At ? 1 : 0;
    }

    private readonly struct OfKeepAlive(KeepAlive[] keptAlive, MonotonicClock clock) : IQuestion
    {
        public int Ask(int index) => keptAlive[index].IsExpired(clock.Now) ? 1 : 0;
    }

    private sealed class PlainDeadline
    {
        public long At { get; } = MonotonicClock.Never;
    }
}
