using System.Diagnostics;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Measures runs that are too long for BenchmarkDotNet. The subjects of a situation take turns, so that whatever disturbs the machine disturbs all of them.</summary>
internal static class RunTimer
{
    private const int Turns = 5;
    private const int TurnsOfLongRuns = 3;
    private const long TurnNs = 20_000_000;
    private const long LongRunNs = 100_000_000;

    /// <summary>Measures warm code: at least a tenth of a second of every subject.</summary>
    /// <param name="situation">What is done.</param>
    /// <param name="runs">The subjects' runs.</param>
    /// <param name="first">Who goes first, so that it is another one each round.</param>
    public static IEnumerable<CaseFigures> Measure(string situation, IReadOnlyList<TimedRun> runs, int first)
    {
        long[] lengths = [.. runs.Select(r => TimeOnce(r.Run))];
        int turns = lengths.Max() < LongRunNs ? Turns : TurnsOfLongRuns;
        List<Turn>[] taken = [.. runs.Select(_ => new List<Turn>())];
        for (int turn = 0; turn < turns; turn++)
        {
            for (int i = 0; i < runs.Count; i++)
            {
                int subject = (first + turn + i) % runs.Count;
                taken[subject].Add(Take(runs[subject], (int)(TurnNs / lengths[subject]) + 1));
            }
        }

        return runs.Select((r, i) => new CaseFigures(situation, r.Subject, FiguresOf(taken[i]), HasExactBytes: true));
    }

    private static long TimeOnce(Action run)
    {
        long before = ThreadCpuTime.Nanoseconds;
        run();
        return Math.Max(1, ThreadCpuTime.Nanoseconds - before);
    }

    private static Turn Take(TimedRun timed, int times)
    {
        long bytesBefore = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
        long startedAt = Stopwatch.GetTimestamp();
        for (int i = 0; i < times; i++)
        {
            timed.Run();
        }

        TimeSpan wall = Stopwatch.GetElapsedTime(startedAt);
        TimeSpan cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        long bytes = GC.GetTotalAllocatedBytes(precise: true) - bytesBefore;
        double units = (double)timed.Units * times;
        return new Turn(wall.TotalNanoseconds / units, cpu.TotalNanoseconds / units, bytes / units);
    }

    // Others on the machine can only make a turn longer, and threads of the runtime only add to what is allocated.
    private static Dictionary<string, double> FiguresOf(List<Turn> turns) => new()
    {
        [Figure.TimeNs] = LowerQuartile(turns.Select(t => t.TimeNs)),
        [Figure.CpuNs] = LowerQuartile(turns.Select(t => t.CpuNs)),
        [Figure.AllocatedBytes] = turns.Min(t => t.AllocatedBytes),
    };

    private static double LowerQuartile(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 4];
    }

    private readonly record struct Turn(double TimeNs, double CpuNs, double AllocatedBytes);
}
