using System.Text.RegularExpressions;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Tests.Options;

/// <summary>run-bench.ps1 is the runner's command line under another name. That it is PowerShell at all, the solution's tests check.</summary>
public partial class RunBenchScriptTests
{
    private static readonly string Script = File.ReadAllText(Path.Combine(Repository.Root, "run-bench.ps1"));

    [Fact]
    public void Help_NamesTheRunnersOptions_AndNoOthers() => Assert.Equal(Options(RunOptions.Help), Options(HelpComment().Match(Script).Groups[1].Value));

    [Fact]
    public void Help_OfTheRunner_NamesOnlyWhatItTakes()
    {
        foreach (string option in Options(RunOptions.Help))
        {
            // Whatever else is wrong with it standing alone, it is known.
            string complaint = Record.Exception(() => RunOptions.Parse([option]))?.Message ?? "";
            Assert.DoesNotContain("is not an option", complaint, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Script_PassesEverythingOn_AndEndsAsTheRunnerDid()
    {
        Assert.Contains(" -- @args\nexit $LASTEXITCODE\n", Script, StringComparison.Ordinal);

        // Declared parameters would no longer be among the arguments.
        Assert.DoesNotContain("param", HelpComment().Replace(Script, ""), StringComparison.OrdinalIgnoreCase);
    }

    private static string[] Options(string text) => [.. Option().Matches(text).Select(m => m.Groups[1].Value).Distinct()];

    [GeneratedRegex("<#(.*?)#>", RegexOptions.Singleline)]
    private static partial Regex HelpComment();

    // At the start of a line, where the list has them.
    [GeneratedRegex("^ +(-[A-Z][a-z]+) ", RegexOptions.Multiline)]
    private static partial Regex Option();
}
