using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;

namespace StreamRuntime.Benchmarks.Tests.Workers;

/// <summary>The worker's own end.</summary>
public class WorkerProgramTests
{
    // Other commits read these lines: a change here needs another protocol number.
    [Fact]
    public void Lines_AreWhatOtherCommitsRead()
    {
        Assert.Equal(
            """{"protocol":1,"suites":[{"name":"s","references":["r"],"settings":{"rows":"1"}}]}""",
            new WorkerMessage { Protocol = WorkerMessage.CurrentProtocol, Suites = [new WorkerSuite("s", ["r"], new Dictionary<string, string> { ["rows"] = "1" })] }.ToLine());
        Assert.Equal(
            """{"suite":"s","cases":[{"situation":"a","subject":"b","figures":{"cpuNs":1.5},"hasExactBytes":true}]}""",
            new WorkerMessage { Suite = "s", Cases = [new CaseFigures("a", "b", new Dictionary<string, double> { ["cpuNs"] = 1.5 }, HasExactBytes: true)] }.ToLine());
        Assert.Equal("""{"suite":"s","error":"e"}""", new WorkerMessage { Suite = "s", Error = "e" }.ToLine());
    }

    [Fact]
    public async Task Run_LeavesOutSuitesItDoesNotKnow_AndAnswersLineByLine()
    {
        (int exitCode, WorkerMessage[] answers) = await RunAsync(["of-another-commit", "self-check", "self-check", "-Quick", "-Rows", "10"], "of-another-commit\nself-check\n");

        Assert.Equal(0, exitCode);
        Assert.Equal("self-check", Assert.Single(answers[0].Suites!).Name);
        Assert.Equal("of-another-commit is no suite that was prepared.", answers[1].Error);
        Assert.Equal(["loop: steady", "loop: planted", "rows: library"], answers[2].Cases!.Select(c => $"{c.Situation}: {c.Subject}"));
        Assert.Equal(3, answers.Length);
    }

    [Fact]
    public async Task Run_WrongOption_IsAnError()
    {
        (int exitCode, WorkerMessage[] answers) = await RunAsync(["self-check", "-Colour"], "");

        Assert.Equal(1, exitCode);
        Assert.StartsWith("-Colour is not an option.", Assert.Single(answers).Error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, WorkerMessage[] Answers)> RunAsync(string[] arguments, string requests)
    {
        using var answers = new StringWriter();
        int exitCode = await WorkerProgram.RunAsync(arguments, new StringReader(requests), answers);
        return (exitCode, [.. answers.ToString().TrimEnd('\n').Split('\n').Select(l => WorkerMessage.TryParse(l)!)]);
    }
}
