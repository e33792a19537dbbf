using System.ComponentModel;
using System.Diagnostics;

namespace StreamRuntime.Solution.Tests.Repository;

/// <summary>PowerShell scripts parse. Machines without PowerShell check too: a grammar of it does, which test.sh installs.</summary>
public sealed class PowerShellTests
{
    private static readonly string GrammarFolder = Path.Combine(RepositoryFiles.Root, "tests", "powershell-grammar");

    [Fact]
    public void Scripts_InThisRepository_Parse()
    {
        string[] scripts = [.. RepositoryFiles.All.Where(f => f.Path.EndsWith(".ps1", StringComparison.Ordinal)).Select(f => Path.Combine(RepositoryFiles.Root, f.Path))];

        Assert.Contains(scripts, s => s.EndsWith("/run-bench.ps1", StringComparison.Ordinal));
        Assert.Equal((0, ""), Parse(scripts));
    }

    [Theory]
    [InlineData("& dotnet run -- @args\nexit $LASTEXITCODE\n", "")]
    [InlineData("if ($true) { 'x'\n", ":1:17: } is missing")]
    [InlineData("$project = Join-Path $PSScriptRoot 'benchmarks\n& dotnet run\n", ":1:")]
    [InlineData("& dotnet run -- @(args\nexit $LASTEXITCODE\n", ":1:1: not PowerShell: & dotnet run -- @(args")]
    [InlineData("<#\nno end of a comment\n", ":1:")]
    public void Scripts_Sample_IsFound(string text, string mistake)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);

            (int exitCode, string output) = Parse(file);

            Assert.Equal(mistake.Length > 0 ? 1 : 0, exitCode);
            Assert.Contains(mistake, output, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static (int ExitCode, string Output) Parse(params string[] files)
    {
        Assert.True(Directory.Exists(Path.Combine(GrammarFolder, "node_modules")), "The grammar of PowerShell is not installed. Run ./test.sh once: it installs what the tests need.");
        var start = new ProcessStartInfo("node", [Path.Combine(GrammarFolder, "parse.mjs"), .. files]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process node = Process.Start(start)!;
            Task<string> errors = node.StandardError.ReadToEndAsync();
            string output = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            return (node.ExitCode, output + errors.Result);
        }
        catch (Win32Exception failure)
        {
            throw new InvalidOperationException($"node could not be started: {failure.Message}. Run ./test.sh once: it installs what the tests need.", failure);
        }
    }
}
