using System.Diagnostics;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>What was measured.</summary>
/// <param name="Commit">The commit that is checked out.</param>
/// <param name="HasChanges">True when files differ from it, recorded results apart: then the figures belong to no commit.</param>
internal sealed record SourceVersion(string Commit, bool HasChanges)
{
    public static async Task<SourceVersion> ReadAsync() => new(
        (await GitAsync("rev-parse", "HEAD")).Trim(),
        (await GitAsync("status", "--porcelain", "--", ".", ":!perf-results")).Length > 0);

    private static async Task<string> GitAsync(params string[] arguments)
    {
        using Process git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true })!;
        string output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        return git.ExitCode == 0 ? output : "unknown";
    }
}
