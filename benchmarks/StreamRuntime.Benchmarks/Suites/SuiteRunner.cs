using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>Runs what was asked for, shows it, and records it.</summary>
internal static class SuiteRunner
{
    public static async Task RunAsync(RunOptions options)
    {
        if (!options.ReportOnly)
        {
            foreach (string name in options.Suites)
            {
                var settings = new SuiteSettings(options.Rows, options.Quick);
                SuiteResult result = await SuiteMeasurement.MeasureAsync(AllSuites.Find(name), settings, options.Rounds ?? RunOptions.DefaultRounds);
                ConsoleReport.Write(result, Console.Out);
                if (options.Phase is { } phase)
                {
                    Console.WriteLine($"Recorded in {ResultFiles.Save(phase, result)}");
                }
            }
        }

        if (options.ReportOnly || options.Phase is not null)
        {
            Console.WriteLine($"Wrote {ResultFiles.WriteReport()}");
        }
    }
}
