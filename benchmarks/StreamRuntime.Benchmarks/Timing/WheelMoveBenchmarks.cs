using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Timing;

/// <summary>What does it cost to put a deadline off, which is what happens to nearly every one of them?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.Connections)]
public class WheelMoveBenchmarks
{
    internal const string Name = "wheel, a deadline moved later";

    public WheelMoveBenchmarks() => FilledWheel.FileAnew();

    [Benchmark(Description = Subject.ThousandEntries, OperationsPerInvoke = Questions.Asked, Baseline = true)]
    public int ThousandEntries() => Questions.AskAll(new Later(FilledWheel.Thousand.Few));

    [Benchmark(Description = Subject.MillionEntries, OperationsPerInvoke = Questions.Asked)]
    public int MillionEntries() => Questions.AskAll(new Later(FilledWheel.Million.Few));

    [Benchmark(Description = Subject.MillionEntriesAny, OperationsPerInvoke = Questions.Asked)]
    public int MillionEntriesAny() => Questions.AskAll(new Later(FilledWheel.Million.Any));

    private readonly struct Later(DeadlineTurns deadlines) : IQuestion
    {
        public int Ask(int index)
        {
            Deadline deadline = deadlines.Next();
            deadline.MoveLater(deadline.Due + 1);
            return 1;
        }
    }
}
