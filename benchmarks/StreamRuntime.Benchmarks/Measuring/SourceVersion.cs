using System.ComponentModel;
using System.Diagnostics;
using StreamRuntime.Benchmarks.Options;

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
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true })!;
            string output = await git.StandardOutput.ReadToEndAsync();
            await git.WaitForExitAsync();
            return git.ExitCode == 0 ? output : throw new RunException("Results name their commit, and git can't tell it here. Run the benchmarks from a git working copy.");
        }
        catch (Win32Exception failure)
        {
            throw new RunException($"Results name their commit, and git could not be started: {failure.Message}", cause: failure);
        }
    }
}
