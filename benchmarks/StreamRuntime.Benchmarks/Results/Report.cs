namespace StreamRuntime.Benchmarks.Results;

/// <summary>The files that present what is recorded: the page, and a chart for every suite that has ratios. The same records always make the same files.</summary>
internal static class Report
{
    public const string Page = "README.md";

    /// <returns>The files' texts by name.</returns>
    public static IReadOnlyDictionary<string, string> Make(IEnumerable<(string Phase, SuiteResult Result)> results)
    {
        (string Phase, SuiteResult Result)[] all = [.. results];
        Dictionary<string, string> charts = [];
        foreach (IGrouping<string, (string Phase, SuiteResult Result)> suite in all.GroupBy(r => r.Result.Suite))
        {
            if (RatioChart.TryDraw(suite.Key, [.. suite]) is { } chart)
            {
                charts.Add(suite.Key, chart);
            }
        }

        Dictionary<string, string> files = charts.ToDictionary(c => c.Key + ".svg", c => c.Value);
        files.Add(Page, MarkdownReport.Format(all, charts.Keys));
        return files;
    }
}
