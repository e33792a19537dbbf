using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>Measures every <see cref="MemoryRun"/> that was asked for, in this process.</summary>
internal static class MemoryRuns
{
    // Enough to pass every loop; how long a run is makes no difference to the compiler.
    private const int WarmUpRows = 1_000;

    public static IEnumerable<CaseFigures> Measure(MicroOptions options)
    {
        MemoryRun[] runs = [.. MemoryRun.All.Where(r => r.Rows <= options.Rows && (r.IsQuick || !options.IsQuick))];
        WarmUp.Settle([.. WarmUpActions(runs, options.IsQuick)]);
        foreach (IGrouping<int, MemoryRun> sameSize in runs.GroupBy(r => r.RowBytes))
        {
            byte[] lines = SampleRows.Make(sameSize.Max(r => r.Rows), sameSize.Key);
            foreach (MemoryRun run in sameSize)
            {
                foreach (CaseFigures found in RunTimer.Measure(run.Name, run.Subjects(lines, options.IsQuick), options.Round))
                {
                    yield return found;
                }
            }
        }
    }

    private static IEnumerable<Action> WarmUpActions(MemoryRun[] runs, bool isQuick)
    {
        foreach (MemoryRun run in runs.DistinctBy(r => (r.RowBytes, r.Format)))
        {
            byte[] lines = SampleRows.Make(WarmUpRows, run.RowBytes);
            foreach (TimedRun timed in (run with { Rows = WarmUpRows }).Subjects(lines, isQuick))
            {
                yield return timed.Run;
            }
        }
    }
}
