using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Tests.Results;

public class ReportTests
{
    [Fact]
    public void Make_IsThePageAndAChartForEverySuiteWithRatios()
    {
        SuiteResult alone = Sample.Result with { Suite = "pause", References = [] };

        IReadOnlyDictionary<string, string> files = Report.Make([("first", Sample.Result), ("first", alone), ("second", Sample.Result)]);

        Assert.Equal(["README.md", "postgres-cpu.svg"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("](postgres-cpu.svg)", files["README.md"], StringComparison.Ordinal);
        Assert.DoesNotContain("pause.svg", files["README.md"], StringComparison.Ordinal);
    }

    [Fact]
    public void Make_Twice_IsTheSame() => Assert.Equal(Report.Make([("p", Sample.Result)]), Report.Make([("p", ResultFiles.FromJson(ResultFiles.ToJson(Sample.Result)))]));

    // The presentation is never edited by hand, and never forgotten: it is exactly what the recorded files give.
    [Fact]
    public void Make_OfWhatIsRecorded_IsWhatIsCheckedIn()
    {
        IReadOnlyDictionary<string, string> expected = Report.Make(ResultFiles.LoadAll());
        foreach ((string name, string text) in expected)
        {
            string file = Path.Combine(ResultFiles.Folder, name);
            Assert.True(
                File.Exists(file) && File.ReadAllText(file) == text,
                $"perf-results/{name} is not what the recorded results give. Run: dotnet run -c Release --project benchmarks/StreamRuntime.Benchmarks -- -Report");
        }

        Assert.Empty(Directory.GetFiles(ResultFiles.Folder, "*.svg").Select(Path.GetFileName).Except(expected.Keys));
    }
}
