using System.Globalization;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;

namespace StreamRuntime.Benchmarks.Tests.Gate.Planting;

/// <summary>
/// A copy of the repository whose sources are patched where every row comes by, against its own commit: worktree, builds, command line and exit code are those of a person who made
/// the runtime slower.
/// </summary>
/// <param name="suites">What the gate is to measure.</param>
internal sealed class PatchedCopy(IReadOnlyList<string> suites) : IPlantable
{
    private const string SpinsVariable = "PLANTED_SPINS";
    private const int ProbedSpins = 400;
    private const int ProbedRounds = 3;
    private const double Slowdown = 0.15;
    private const double MostCorrection = 3;

    private const string BurnerFile = "src/StreamRuntime/Streams/Planted.cs";

    private const string Burner = """
        namespace StreamRuntime.Streams;

        internal static class Planted
        {
            private static readonly int s_spins = int.TryParse(System.Environment.GetEnvironmentVariable("PLANTED_SPINS"), out int spins) ? spins : 0;

            [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
            public static void Burn()
            {
                ulong mixed = 1;
                for (int i = 0; i < s_spins; i++)
                {
                    mixed = mixed * 6364136223846793005 + 1442695040888963407;
                }

                if (mixed == 0)
                {
                    System.Environment.FailFast("It never is.");
                }
            }
        }
        """;

    private readonly WorkerLimits _limits = new(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));
    private RepositoryCopy? _copy;

    public async Task<GateOutcome> RunGateAsync(Plant plant)
    {
        _copy ??= await RepositoryCopy.MakeAsync();
        await _copy.RevertAsync();
        switch (plant)
        {
            case Plant.Slowdown:
                _copy.Patch(PerRow.File, text => PerRow.Insert(text, "Planted.Burn();"));
                _copy.Write(BurnerFile, Burner);
                break;
            case Plant.Allocation:
                _copy.Patch(PerRow.File, text => PerRow.Insert(text, "System.GC.KeepAlive(new object());"));
                break;
        }

        await _copy.BuildAsync();
        (int spins, string? planted) = plant == Plant.Slowdown ? await CalibrateAsync(_copy.Runner) : (0, null);

        // The quick form has minutes, and to be certain of so little takes all of them: they are spent where it was planted.
        IEnumerable<string> measured = planted is null ? suites : [planted[..planted.IndexOf(':', StringComparison.Ordinal)]];
        ToolResult result = await _copy.MeasureAsync(["-Against", "HEAD", "-Gate", "-Suite", .. measured, "-Quick"], (SpinsVariable, Text(spins)));
        return new GateOutcome(result.ExitCode, result.Output + result.Errors, planted);
    }

    // As much as makes the case that feels it most 15 % slower, on this machine.
    private async Task<(int Spins, string Case)> CalibrateAsync(string runner)
    {
        Dictionary<string, double> without = await ProbeAsync(runner, 0);
        Dictionary<string, double> with = await ProbeAsync(runner, ProbedSpins);
        (string most, double cost) = with.Select(w => (w.Key, (w.Value / without[w.Key]) - 1)).MaxBy(c => c.Item2);
        int spins = (int)Math.Ceiling(ProbedSpins * Slowdown / cost);

        // A few spins hide behind what the processor does at the same time, and cost less than their share of many.
        cost = ((await ProbeAsync(runner, spins))[most] / without[most]) - 1;
        return ((int)Math.Ceiling(spins * Math.Clamp(Slowdown / cost, 1, MostCorrection)), most);
    }

    private async Task<Dictionary<string, double>> ProbeAsync(string runner, int spins)
    {
        Dictionary<string, double> lowest = [];
        await using var worker = await WorkerProcess.StartAsync("The probe", runner, [.. suites, "-Quick"], _limits, (SpinsVariable, Text(spins)));
        foreach (WorkerSuite suite in worker.Suites)
        {
            for (int round = 0; round < ProbedRounds; round++)
            {
                foreach (CaseFigures found in (await worker.MeasureAsync(suite.Name)).Where(f => !suite.References.Contains(f.Subject)))
                {
                    string name = $"{suite.Name}: {found.Situation}: {found.Subject}";
                    lowest[name] = Math.Min(lowest.GetValueOrDefault(name, double.MaxValue), found.Figures[Figure.Compared(found.Figures)]);
                }
            }
        }

        return lowest;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
