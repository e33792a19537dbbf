using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Timing;

/// <summary>What does it cost to take a deadline out of the wheel and to file it where it is due now?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.Connections)]
public class WheelScheduleBenchmarks
{
    internal const string Name = "wheel, a deadline scheduled earlier";

    public WheelScheduleBenchmarks() => FilledWheel.FileAnew();

    [Benchmark(Description = Subject.ThousandEntries, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    public int ThousandEntries() => Questions.AskAll(new Earlier(FilledWheel.Thousand.Few));

    [Benchmark(Description = Subject.MillionEntries, OperationsPerInvoke = Questions.Asked)]
    public int MillionEntries() => Questions.AskAll(new Earlier(FilledWheel.Million.Few));

    [Benchmark(Description = Subject.MillionEntriesAny, OperationsPerInvoke = Questions.Asked)]
    public int MillionEntriesAny() => Questions.AskAll(new Earlier(FilledWheel.Million.Any));

    // Earlier than it was filed for: one that is due later stays where it is, and is no work. So small a step takes none of them to its time while it is measured,
    // and through the midst of the others.
    private const long Step = 2_000_000;

    private readonly struct Earlier(DeadlineTurns deadlines) : IQuestion
    {
        public int Ask(int index)
        {
            Deadline deadline = deadlines.Next();
            return deadline.Schedule(deadline.Due - Step) ? 1 : 0;
        }
    }
}
