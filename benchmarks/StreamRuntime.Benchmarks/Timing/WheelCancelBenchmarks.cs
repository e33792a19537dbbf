using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Timing;

/// <summary>What does it cost to take a deadline out of the wheel, and to file it again?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.Connections)]
public class WheelCancelBenchmarks
{
    internal const string Name = "wheel, a deadline cancelled and scheduled again";

    public WheelCancelBenchmarks() => FilledWheel.FileAnew();

    [Benchmark(Description = Subject.ThousandEntries, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    public int ThousandEntries() => Questions.AskAll(new Again(FilledWheel.Thousand.Few));

    [Benchmark(Description = Subject.MillionEntries, OperationsPerInvoke = Questions.Asked)]
    public int MillionEntries() => Questions.AskAll(new Again(FilledWheel.Million.Few));

    [Benchmark(Description = Subject.MillionEntriesAny, OperationsPerInvoke = Questions.Asked)]
    public int MillionEntriesAny() => Questions.AskAll(new Again(FilledWheel.Million.Any));

    private readonly struct Again(DeadlineTurns deadlines) : IQuestion
    {
        public int Ask(int index)
        {
            Deadline deadline = deadlines.Next();
            return deadline.Cancel() & deadline.Schedule(deadlines.NextDue()) ? 1 : 0;
        }
    }
}
