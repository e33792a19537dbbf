using System.Globalization;
using System.Text;

namespace StreamRuntime.Benchmarks.Results;

/// <summary>The page perf-results/README.md, made from the recorded files and nothing else.</summary>
internal static class MarkdownReport
{
    /// <param name="results">What was recorded, in the order of the page.</param>
    /// <param name="charts">The suites that have a chart, each a file beside the page.</param>
    public static string Format(IEnumerable<(string Phase, SuiteResult Result)> results, IEnumerable<string> charts)
    {
        var page = new StringBuilder("""
            # Measured results

            Made by `run-bench.ps1 -Report` from the JSON files beside it; not written by hand. Medians of the rounds of one run, in which the subjects took
            turns; the ratios (÷) are medians of each round's ratio of CPU time, of time where CPU was not taken apart, or of memory where that is all there is. Compare ratios: times of different machines, or of one shared machine at different times, mean little.


            """);
        AppendCharts(page, [.. charts]);
        foreach ((string phase, SuiteResult result) in results)
        {
            Append(page, phase, result);
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static void AppendCharts(StringBuilder page, IReadOnlyList<string> suites)
    {
        if (suites.Count == 0)
        {
            return;
        }

        page.Append("## Ratios over the phases\n\nCost of our subjects as a multiple of the references': a bar to the left of 1 is less than the reference. Logarithmic.\n\n");
        foreach (string suite in suites)
        {
            page.Append(CultureInfo.InvariantCulture, $"### {suite}\n\n![Ratios of {suite} by phase; the tables below have the numbers]({suite}.svg)\n\n");
        }
    }

    private static void Append(StringBuilder page, string phase, SuiteResult result)
    {
        page.Append(CultureInfo.InvariantCulture, $"## {phase}: {result.Suite}\n\n");
        string changes = result.Source.HasChanges ? " with uncommitted changes" : "";
        page.Append(CultureInfo.InvariantCulture, $"- commit {result.Source.Commit}{changes}, measured {result.MeasuredAt:yyyy-MM-dd HH:mm} UTC\n");
        page.Append(CultureInfo.InvariantCulture, $"- {result.Machine.Processor}, {result.Machine.Cores} cores, {result.Machine.MemoryMb} MB, {result.Machine.Kernel}, load {result.Machine.LoadBefore:0.0} before the run\n");
        page.Append(CultureInfo.InvariantCulture, $"- {List(result.Versions)}\n- {List(result.Settings)}\n\n");
        foreach (string situation in FigureTable.Situations(result))
        {
            page.Append(CultureInfo.InvariantCulture, $"### {situation}\n\n");
            var table = new FigureTable(result, situation);
            AppendRow(page, table.Heading);
            AppendRow(page, [.. table.Heading.Select((_, i) => i == 0 ? "---" : "---:")]);
            foreach (IReadOnlyList<string> row in table.Rows)
            {
                AppendRow(page, row);
            }

            page.Append('\n');
        }

        foreach (GoalResult goal in result.Goals)
        {
            page.Append(CultureInfo.InvariantCulture, $"- {goal}\n");
        }

        page.Append('\n');
    }

    private static string List(IReadOnlyDictionary<string, string> values) => string.Join(", ", values.Select(v => $"{v.Key} {v.Value}"));

    private static void AppendRow(StringBuilder page, IReadOnlyList<string> cells) => page.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
