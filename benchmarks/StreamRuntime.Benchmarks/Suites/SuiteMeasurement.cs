using System.Globalization;
using System.Runtime.InteropServices;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>Measures one suite in as many rounds as asked for.</summary>
internal static class SuiteMeasurement
{
    public static async Task<SuiteResult> MeasureAsync(ISuite suite, SuiteSettings settings, int rounds)
    {
        var machine = Machine.Read();
        SourceVersion source = await SourceVersion.ReadAsync();
        Console.Error.WriteLine($"{suite.Name}: getting ready");
        await using ISuiteRun run = await suite.StartAsync(settings);
        List<Measurement> measured = [];
        Dictionary<(string Situation, string Subject), List<IReadOnlyDictionary<string, double>>> figures = [];

        // Round 0 warms caches up and does not count.
        for (int round = 0; round <= rounds; round++)
        {
            Console.Error.WriteLine(round == 0 ? $"{suite.Name}: warm-up" : $"{suite.Name}: round {round} of {rounds}");
            foreach (CaseFigures found in await run.MeasureRoundAsync())
            {
                ref List<IReadOnlyDictionary<string, double>>? list = ref CollectionsMarshal.GetValueRefOrAddDefault(figures, (found.Situation, found.Subject), out bool known);
                list ??= [];
                if (!known)
                {
                    measured.Add(new Measurement(found.Situation, found.Subject, list, found.HasExactBytes));
                }

                if (round > 0)
                {
                    list.Add(found.Figures);
                }
            }
        }

        var result = new SuiteResult
        {
            Suite = suite.Name,
            MeasuredAt = DateTimeOffset.UtcNow,
            Source = source,
            Machine = machine,
            Versions = new Dictionary<string, string>(run.Versions) { [".NET"] = Environment.Version.ToString() },
            Settings = new Dictionary<string, string>(run.Settings) { ["rounds"] = rounds.ToString(CultureInfo.InvariantCulture) },
            Unit = suite.Unit,
            References = suite.References,
            Measurements = measured,
            Goals = [],
        };
        return result with { Goals = [.. suite.Goals.Where(g => g.IsIn(result)).Select(g => g.Check(result))] };
    }
}
