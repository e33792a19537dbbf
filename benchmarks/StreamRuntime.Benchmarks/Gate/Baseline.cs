using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>
/// <c>perf-results/baseline</c>: the commit that continuous integration compares with, in full, on a line of its own. Lines that start with # say why it is this one.
/// </summary>
internal static class Baseline
{
    /// <summary>What <c>-Against</c> calls it.</summary>
    public const string Name = "baseline";

    private const int HashLength = 40;

    /// <exception cref="RunException">There is no such file, or it does not name one commit.</exception>
    public static string Read(string resultsFolder)
    {
        string path = Path.Combine(resultsFolder, Name);
        return File.Exists(path)
            ? Parse(File.ReadAllText(path))
            : throw new RunException($"There is no perf-results/{Name}. Write the commit to compare with into it, in full, and why it is this one, after a #.");
    }

    public static string Parse(string text)
    {
        string[] lines = [.. text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith('#'))];
        return lines is [{ Length: HashLength } commit] && commit.All(char.IsAsciiHexDigitLower)
            ? commit
            : throw new RunException($"perf-results/{Name} must hold one line that is a commit's full hash, and otherwise only lines that start with #.");
    }
}
