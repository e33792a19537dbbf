using System.Globalization;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Benchmarks.Tests.Workers;

/// <summary>The gate's end of a worker, with shell scripts for workers of other commits and broken ones.</summary>
public class WorkerProcessTests
{
    private const string Ready = """echo '{"protocol":1,"suites":[{"name":"s","references":["theirs"],"settings":{"rows":"10"}}]}'""";
    private const string ReadOne = "read -r suite";

    private static readonly WorkerLimits Patient = new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));

    [Fact]
    public async Task Measure_AnswersWithTheCases()
    {
        await using WorkerProcess worker = await StartAsync($$"""
            {{Ready}}
            while {{ReadOne}}; do
              n=$((n+1))
              echo '{"suite":"'$suite'","cases":[{"situation":"a","subject":"b","figures":{"cpuNs":'$n'.5},"hasExactBytes":true}]}'
            done
            """);

        WorkerSuite suite = Assert.Single(worker.Suites);
        Assert.Equal(("s", "theirs", "10"), (suite.Name, suite.References[0], suite.Settings["rows"]));
        foreach (double expected in new[] { 1.5, 2.5 })
        {
            CaseFigures found = Assert.Single(await worker.MeasureAsync("s"));
            Assert.Equal(("a", "b", true, expected), (found.Situation, found.Subject, found.HasExactBytes, found.Figures[Figure.CpuNs]));
        }
    }

    [Fact]
    public async Task Measure_OfALaterCommit_IgnoresWhatItDoesNotKnow()
    {
        await using WorkerProcess worker = await StartAsync($$"""
            echo '{"protocol":1,"machine":{"cores":[2]},"suites":[{"name":"s","colour":7,"references":[],"settings":{} }]}'
            {{ReadOne}}
            echo '{"temperature":40,"suite":"s","cases":[{"situation":"a","subject":"b","figures":{"cpuNs":1,"joules":3},"because":null}]}'
            """);

        CaseFigures found = Assert.Single(await worker.MeasureAsync("s"));
        Assert.False(found.HasExactBytes);
        Assert.Equal(3, found.Figures["joules"]);
    }

    [Fact]
    public async Task Start_PassesItsArguments_AndItsEnvironment()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(
            "W", Script("""echo '{"protocol":1,"suites":[{"name":"'"$* $PLANTED"'","references":[],"settings":{}}]}'"""), ["s", "-Rows", "5"], Patient, ("PLANTED", "15"));

        Assert.Equal("worker s -Rows 5 15", worker.Suites[0].Name);
    }

    [Fact]
    public async Task Start_OfACommitBeforeWorkers_SaysSo()
    {
        string message = await FailToStartAsync("echo \"worker is not an option. '-Help' says what is allowed.\" >&2; exit 2");

        Assert.Equal("W is older than the gate's workers, so it can't be measured in turn with this build. Name a later commit.", message);
    }

    [Theory]
    [InlineData("echo 'Hello, World!'", "W gave no answer while getting ready, but said: Hello, World!\nIs it older than the gate's workers? Then name a later commit.")]
    [InlineData("echo '[]'", "W gave no answer while getting ready, but said: []\nIs it older than the gate's workers? Then name a later commit.")]
    [InlineData("echo '{}'", "W speaks protocol ? and this build 1: they can't be compared. Name another commit.")]
    [InlineData("""echo '{"protocol":2,"suites":[]}'""", "W speaks protocol 2 and this build 1: they can't be compared. Name another commit.")]
    [InlineData("""echo '{"suite":"s","error":"no gcc"}'; exit 1""", "W failed in s: no gcc")]
    [InlineData("echo first >&2; echo second >&2; exit 3", "W ended with 3 while getting ready. Its last lines:\nfirst\nsecond")]
    [InlineData("exit 0", "W ended with 0 while getting ready. It gave no reason.")]
    public async Task Start_OfABrokenOne_SaysWhy(string script, string expected) => Assert.Equal(expected, await FailToStartAsync(script));

    [Fact]
    public async Task Start_OfNoProgram_SaysSo()
    {
        RunException failure = await Assert.ThrowsAsync<RunException>(() => WorkerProcess.StartAsync("W", Path.Combine(TestFolder.Create("none"), "none"), [], Patient));

        Assert.StartsWith("W could not be started: ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo oops", "W gave no answer while measuring s, but said: oops")]
    [InlineData("echo '{\"suite\":\"s\",\"cases\":[{'", "W gave no answer while measuring s, but said: {\"suite\":\"s\",\"cases\":[{")]
    [InlineData("echo '{\"suite\":\"s\",\"cases\":[]}'", "W was asked to measure s and answered without its cases.")]
    [InlineData("echo '{\"suite\":\"t\",\"cases\":[{\"situation\":\"a\",\"subject\":\"b\",\"figures\":{}}]}'", "W was asked to measure s and answered without its cases.")]
    [InlineData("echo '{\"suite\":\"s\",\"cases\":[{\"situation\":\"a\"}]}'", "W answered with a case of s that has no name or no figures.")]
    [InlineData("echo '{\"suite\":\"s\",\"cases\":[null]}'", "W answered with a case of s that has no name or no figures.")]
    [InlineData("echo '{\"suite\":\"s\",\"cases\":[{\"situation\":\"a\",\"subject\":\"b\",\"figures\":{\"cpuNs\":\"NaN\"}}]}'", "W: s, a: b measured cpuNs as NaN, which is no amount.")]
    [InlineData("echo '{\"suite\":\"s\",\"cases\":[{\"situation\":\"a\",\"subject\":\"b\",\"figures\":{\"cpuNs\":-1}}]}'", "W: s, a: b measured cpuNs as -1, which is no amount.")]
    [InlineData("echo '{\"suite\":\"s\",\"error\":\"the case failed\"}'", "W failed in s: the case failed")]
    [InlineData("echo gone >&2; kill -9 $$", "W ended with 137 while measuring s. Its last lines:\ngone")]
    public async Task Measure_OnABrokenOne_SaysWhy(string answer, string expected)
    {
        await using WorkerProcess worker = await StartAsync($"{Ready}\n{ReadOne}\n{answer}");

        Assert.Equal(expected, (await Assert.ThrowsAsync<RunException>(() => worker.MeasureAsync("s"))).Message);
    }

    [Fact]
    public async Task Measure_OnAHungOne_EndsItAndItsChildren()
    {
        string pids = Path.Combine(TestFolder.Create("hung"), "pids");
        await using WorkerProcess worker = await WorkerProcess.StartAsync(
            "W", Script($"{Ready}\n{ReadOne}\nsleep 600 &\necho $$ $! > {pids}\nwait"), [], Patient with { Round = TimeSpan.FromSeconds(1) });

        RunException failure = await Assert.ThrowsAsync<RunException>(() => worker.MeasureAsync("s"));

        Assert.StartsWith("W hung: measuring s took more than 1 s.", failure.Message, StringComparison.Ordinal);
        foreach (string pid in (await File.ReadAllTextAsync(pids)).Split(' '))
        {
            await TestKit.Wait.UntilAsync(() => !IsRunning(int.Parse(pid, CultureInfo.InvariantCulture)), TimeSpan.FromSeconds(10), $"process {pid} has ended");
        }
    }

    [Fact]
    public async Task Dispose_LetsItTakeDownWhatItHasSetUp()
    {
        string taken = Path.Combine(TestFolder.Create("taken"), "down");
        await using (await StartAsync($"{Ready}\nwhile {ReadOne}; do :; done\nsleep 0.2\ntouch {taken}"))
        {
            Assert.False(File.Exists(taken));
        }

        Assert.True(File.Exists(taken));
    }

    private static bool IsRunning(int processId)
    {
        // Whoever has ended and was not yet asked how is a zombie: state Z behind the name in parentheses.
        string stat = $"/proc/{processId}/stat";
        try
        {
            return File.Exists(stat) && !File.ReadAllText(stat).Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Task<WorkerProcess> StartAsync(string script) => WorkerProcess.StartAsync("W", Script(script), [], Patient);

    private static async Task<string> FailToStartAsync(string script) => (await Assert.ThrowsAsync<RunException>(() => StartAsync(script))).Message;

    private static string Script(string text)
    {
        string path = Path.Combine(TestFolder.Create("worker"), "worker");
        File.WriteAllText(path, "#!/bin/bash\n" + text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
