using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Benchmarks.Tests.Gate;

public class BaselineTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    [Theory]
    [InlineData(Commit)]
    [InlineData(Commit + "\n")]
    [InlineData("# why this one\n\n  # and more\r\n" + Commit + "\r\n")]
    public void Parse_GivesTheCommit(string text) => Assert.Equal(Commit, Baseline.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("# " + Commit)]
    [InlineData("0123456")]
    [InlineData("main")]
    [InlineData(Commit + " because")]
    [InlineData(Commit + "\n" + Commit)]
    [InlineData("0123456789ABCDEF0123456789abcdef01234567")]
    public void Parse_OfAnythingElse_SaysWhatItMustHold(string text) =>
        Assert.Contains("one line that is a commit's full hash", Assert.Throws<RunException>(() => Baseline.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_WithoutFile_SaysWhatToDo() =>
        Assert.StartsWith("There is no perf-results/baseline.", Assert.Throws<RunException>(() => Baseline.Read(TestFolder.Create("results"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_InThisRepository_NamesACommitAndTheReason()
    {
        Assert.Equal(40, Baseline.Read(ResultFiles.Folder).Length);
        Assert.Contains(File.ReadLines(Path.Combine(ResultFiles.Folder, Baseline.Name)), l => l.StartsWith("# ", StringComparison.Ordinal));
    }
}
