using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Tests.Results;

public class MarkdownReportTests
{
    [Fact]
    public void Format_ShowsMediansRatiosAndGoals()
    {
        SuiteResult result = Sample.Result with { Goals = [new Goal("json", "streamrt", Figure.CpuNs, 0.5, "libpq").Check(Sample.Result)] };

        string page = MarkdownReport.Format([("row-streams", result)], ["postgres-cpu"]);

        Assert.Contains("## row-streams: postgres-cpu\n", page, StringComparison.Ordinal);
        Assert.Contains("commit abc with uncommitted changes, measured 2025-01-02 03:04 UTC", page, StringComparison.Ordinal);
        Assert.Contains("| per row | time ns | CPU ns | user | system | allocated B | peak MB | waits | ÷ libpq | ÷ npgsql |\n", page, StringComparison.Ordinal);
        Assert.Contains("| streamrt | 1,000 | 120 | 60 | 60 | 0.5 | 2.0 | 7 | 0.60 | 0.30 |\n", page, StringComparison.Ordinal);
        Assert.Contains("| libpq | 1,000 | 200 | 100 | 100 | – | 2.0 | 7 | 1.00 | 0.50 |\n", page, StringComparison.Ordinal);
        Assert.Contains("- FAIL  json: streamrt, CPU ns ≤ 0.5 × libpq: measured 0.60 (0.50 to 1.25)\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Format_OfWhatWasRecorded_IsTheSame()
    {
        SuiteResult result = Sample.Result with { Goals = [new Goal("json", "streamrt", Figure.CpuNs, 0.5, "libpq").Check(Sample.Result)] };

        SuiteResult recorded = ResultFiles.FromJson(ResultFiles.ToJson(result));

        Assert.Equal(MarkdownReport.Format([("p", result)], []), MarkdownReport.Format([("p", recorded)], []));
    }
}
