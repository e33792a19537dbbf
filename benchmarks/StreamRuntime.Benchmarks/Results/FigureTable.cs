using System.Globalization;

namespace StreamRuntime.Benchmarks.Results;

/// <summary>The medians of a suite as rows of text, for the console and for the page alike.</summary>
internal static class FigureTable
{
    public static IReadOnlyList<string> Heading { get; } =
        ["client", "wall ns/row", "CPU ns/row", "user", "system", "waits", "peak MB", "allocated B/row", "CPU ÷ libpq", "CPU ÷ npgsql"];

    public static IEnumerable<string> Situations(SuiteResult result) => result.Measurements.Select(m => m.Situation).Distinct();

    public static IEnumerable<IReadOnlyList<string>> Rows(SuiteResult result, string situation)
    {
        Measurement libpq = result.Find(situation, "libpq");
        Measurement npgsql = result.Find(situation, "npgsql");
        double rows = double.Parse(result.Settings["rows"], CultureInfo.InvariantCulture);
        foreach (Measurement measured in result.Measurements.Where(m => m.Situation == situation))
        {
            RoundFigures median = measured.Median;
            yield return
            [
                measured.Client,
                Whole(median.WallNsPerRow),
                Whole(median.CpuNsPerRow),
                Whole(median.UserNsPerRow),
                Whole(median.SystemNsPerRow),
                Whole(median.Waits),
                (median.PeakKb / 1024.0).ToString("0.0", CultureInfo.InvariantCulture),
                median.AllocatedBytes is { } allocated ? (allocated / rows).ToString("0.00", CultureInfo.InvariantCulture) : "–",
                Of(measured, libpq),
                Of(measured, npgsql),
            ];
        }
    }

    public static string GoalLine(GoalResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(result.IsMet ? "PASS" : "FAIL")}  {result.Goal.Situation}: {result.Goal.Client} CPU ≤ {result.Goal.MostCpu:0.##} × {result.Goal.Reference}: measured {result.Cpu.Median:0.00} × ({result.Cpu.Lowest:0.00} to {result.Cpu.Highest:0.00})");

    private static string Whole(double value) => value.ToString("0", CultureInfo.InvariantCulture);

    private static string Of(Measurement measured, Measurement reference) =>
        Ratio.Of(measured, reference, r => r.CpuNsPerRow).Median.ToString("0.00", CultureInfo.InvariantCulture);
}
