using System.Diagnostics;

namespace StreamRuntime.Solution.Tests.Repository;

/// <summary>.ci/run, with scripts in the place of test.sh and of dotnet: what it makes of their ends.</summary>
public sealed class ContinuousIntegrationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ci-run-").FullName;

    [Fact]
    public void Run_BothPass_EndsWithTheTestsLastLine()
    {
        (int exitCode, string[] lines) = Run("echo testing; echo '7 passed, 0 failed'", "echo the table");

        Assert.Equal(0, exitCode);
        Assert.Equal(["testing", "7 passed, 0 failed", "", "the table", "7 passed, 0 failed"], lines);
    }

    [Fact]
    public void Run_TheGateFails_CountsOneFailed()
    {
        (int exitCode, string[] lines) = Run("echo '7 passed, 0 failed'", "echo the table; exit 1");

        Assert.Equal(1, exitCode);
        Assert.Equal("7 passed, 1 failed", lines[^1]);
    }

    [Fact]
    public void Run_TestsFail_StillMeasures_AndFails()
    {
        (int exitCode, string[] lines) = Run("echo '7 passed, 2 failed'; exit 1", "echo the table");

        Assert.Equal(1, exitCode);
        Assert.Equal(["the table", "7 passed, 2 failed"], lines[^2..]);
    }

    [Fact]
    public void Run_TestsEndBadlyWithoutAFailure_Fails()
    {
        (int exitCode, string[] lines) = Run("echo '7 passed, 0 failed'; exit 3", "echo the table");

        Assert.Equal(3, exitCode);
        Assert.Equal("7 passed, 0 failed", lines[^1]);
    }

    [Fact]
    public void Run_NothingWasBuilt_MeasuresNothing()
    {
        (int exitCode, string[] lines) = Run("echo '0 passed, 1 failed'; exit 1", "echo the table");

        Assert.Equal(1, exitCode);
        Assert.Equal(["0 passed, 1 failed", "0 passed, 1 failed"], lines);
    }

    [Fact]
    public void Run_TestsWithoutTheirLastLine_Fails()
    {
        (int exitCode, string[] lines) = Run("echo cut off", "echo the table");

        Assert.Equal(1, exitCode);
        Assert.Equal("0 passed, 1 failed", lines[^1]);
    }

    [Fact]
    public void Run_AsksForTheQuickGate_AndPassesItsArgumentsToTheTests()
    {
        (_, string[] lines) = Run("echo \"$*\"; echo '7 passed, 0 failed'", "echo \"$*\"");

        Assert.Equal("--full", lines[0]);
        Assert.Equal("run -c Release --no-build --project benchmarks/StreamRuntime.Benchmarks -- -Gate -Quick -Against baseline -Tolerance 15", lines[^2]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (int ExitCode, string[] Lines) Run(string test, string dotnet)
    {
        Write("test.sh", "#!/usr/bin/env bash\n" + test + "\n");
        Write("programs/dotnet", "#!/usr/bin/env bash\n" + dotnet + "\n");
        Write(".ci/run", File.ReadAllText(Path.Combine(RepositoryFiles.Root, ".ci", "run")));
        var start = new ProcessStartInfo(Path.Combine(_folder, ".ci", "run"), ["--full"]) { RedirectStandardOutput = true, WorkingDirectory = Path.GetTempPath() };
        start.Environment["PATH"] = Path.Combine(_folder, "programs") + ":" + start.Environment["PATH"];
        using Process run = Process.Start(start)!;
        string output = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        return (run.ExitCode, output.TrimEnd('\n').Split('\n'));
    }

    private void Write(string path, string text)
    {
        string file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
