using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Tests.Statistics;
using StreamRuntime.Benchmarks.Workers;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Benchmarks.Tests.Gate;

/// <summary>Whole gate runs on figures that scatter as those of a shared machine do, often enough to count false alarms and missed slowdowns.</summary>
public class SimulatedGateTests
{
    private const int Cases = 25;
    private const double Slowdown = 1.15;

    // Of a process' CPU time: calm is what the benchmarks show on an idle machine, busy is one with neighbours who work.
    public static TheoryData<double, double> Noises => new() { { 0.01, 0 }, { 0.03, 0.02 }, { 0.03, 0.1 }, { 0.08, 0.1 } };

    [Theory]
    [MemberData(nameof(Noises))]
    public async Task EqualBuilds_NeverAlarm(double scatter, double outliers)
    {
        int runs = TestRun.IsFull ? 10_000 : 1000;
        List<string> alarms = [];
        for (int seed = 1; seed <= runs; seed++)
        {
            IReadOnlyList<CaseResult> results = await CompareAsync(seed, scatter, outliers, 0.05, _ => 1);
            if (!results.All(r => r.Verdict is Verdict.Fine or Verdict.Better or Verdict.Inconclusive))
            {
                alarms.Add($"seed {seed}: {GateTable.Summarize(results)}");
            }
        }

        // Never is none in a thousand runs; in ten thousand on the busiest machine here there is one.
        Assert.True(alarms.Count <= runs / 2000, string.Join('\n', alarms));
    }

    // The tolerance itself is the worst that is no regression: there the one false alarm in a hundred runs is allowed that the gate promises.
    [Fact]
    public async Task BuildsAtTheTolerance_HardlyEverAlarm()
    {
        int runs = TestRun.IsFull ? 10_000 : 500;
        int alarms = 0;
        for (int seed = 1; seed <= runs; seed++)
        {
            alarms += (await CompareAsync(seed, 0.03, 0.05, 0.05, _ => 1.05)).Any(r => r.Verdict == Verdict.Regression) ? 1 : 0;
        }

        Assert.InRange(alarms, 0, runs / 100);
    }

    [Theory]
    [InlineData(0.01, 0)]
    [InlineData(0.02, 0.02)]
    [InlineData(0.03, 0.05)]
    public async Task ASlowdownOf15Percent_IsAlwaysFound_AndNothingElse(double scatter, double outliers)
    {
        int runs = TestRun.IsFull ? 10_000 : 1000;
        for (int seed = 1; seed <= runs; seed++)
        {
            IReadOnlyList<CaseResult> results = await CompareAsync(seed, scatter, outliers, 0.05, c => c == 7 ? Slowdown : 1);

            Assert.Equal($"seed {seed}: 7", $"seed {seed}: {string.Join(", ", results.Where(r => r.Verdict == Verdict.Regression).Select(r => r.Case.Subject))}");
        }
    }

    // What continuous integration allows: a slowdown by a third is certain there, one of 15 % is not refused.
    [Theory]
    [InlineData(1.35, 1.0)]
    [InlineData(1.15, 0.0)]
    public async Task WithATolerance15_OnlyMoreIsRefused(double slowdown, double refused)
    {
        int runs = TestRun.IsFull ? 5000 : 300;
        int found = 0;
        for (int seed = 1; seed <= runs; seed++)
        {
            found += (await CompareAsync(seed, 0.03, 0.05, 0.15, c => c == 7 ? slowdown : 1)).Any(r => r.Verdict == Verdict.Regression) ? 1 : 0;
        }

        Assert.Equal(refused, Math.Round((double)found / runs, 2), 0.011);
    }

    // Bytes of socket runs scatter: a little and mostly low, evenly and far, or by taking one of two ways.
    [Theory]
    [InlineData("low")]
    [InlineData("even")]
    [InlineData("two ways")]
    public async Task ScatteredBytes_OfEqualBuilds_NeverAlarm_AndAnObjectARowAlwaysDoes(string scatter)
    {
        int runs = TestRun.IsFull ? 2000 : 200;
        List<string> alarms = [];
        for (int seed = 1; seed <= runs; seed++)
        {
            var random = new Random(seed);
            double Scatter() => scatter switch
            {
                "low" => 6 * random.NextDouble() * random.NextDouble(),
                "even" => 20 * random.NextDouble(),
                _ => random.Next(2) * 5,
            };
            IReadOnlyList<CaseFigures> Measure(double more) =>
                [.. Enumerable.Range(0, Cases).Select(c => ScriptedWorker.CpuAndBytes($"{c}", 100, 50 + (c == 7 ? more : 0) + Scatter(), areExact: false))];
            Task<IReadOnlyList<CaseResult>> WithAsync(double more) => CompareAsync(new ScriptedWorker("A", (_, _) => Measure(0)), new ScriptedWorker("B", (_, _) => Measure(more)), 0.05);

            string[] found = [.. (await WithAsync(50)).Where(r => r.Verdict == Verdict.Regression).Select(r => r.Case.Subject)];
            Assert.True(found.Contains("7"), $"seed {seed}: {string.Join(", ", found)}");
            if (found.Length > 1 || (await WithAsync(0)).Any(r => r.Verdict is Verdict.Regression))
            {
                alarms.Add($"seed {seed}");
            }
        }

        // Where every case takes one of two ways, eight rounds on either side are of one way each in one of some thousand runs.
        Assert.True(alarms.Count <= runs / 500, string.Join('\n', alarms));
    }

    private static async Task<IReadOnlyList<CaseResult>> CompareAsync(int seed, double scatter, double outliers, double tolerance, Func<int, double> slower)
    {
        var noise = new Noise(seed, scatter, outliers);
        double drift = 0;

        // The machine gets slower and faster meanwhile, for both builds.
        IReadOnlyList<CaseFigures> Measure(Func<int, double> cost)
        {
            drift += 0.01 * Math.Sin(seed + (drift * 100));
            return [.. Enumerable.Range(0, Cases).Select(c => ScriptedWorker.Cpu($"{c}", 100 * cost(c) * Math.Exp(drift + noise.Next())))];
        }

        return await CompareAsync(new ScriptedWorker("A", (_, _) => Measure(_ => 1)), new ScriptedWorker("B", (_, _) => Measure(slower)), tolerance);
    }

    private static Task<IReadOnlyList<CaseResult>> CompareAsync(ScriptedWorker reference, ScriptedWorker current, double tolerance)
    {
        var bounds = new GateBounds(40, TimeSpan.FromHours(1), TimeSpan.Zero, new WorkerLimits(TimeSpan.Zero, TimeSpan.Zero));
        return new PairedRun(reference, current, bounds, tolerance, new ManualTimeProvider(), 0, _ => { }).RunAsync();
    }
}
