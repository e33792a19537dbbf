using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>A git working copy.</summary>
internal sealed class GitRepository(string folder)
{
    private const int NoSuchName = 1;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public string Folder => folder;

    /// <summary>What git says.</summary>
    /// <exception cref="RunException">Git says no; the message holds its complaint.</exception>
    public async Task<string> AskAsync(params string[] arguments)
    {
        ToolResult result = await RunAsync(arguments);
        return result.ExitCode == 0 ? result.Output.Trim() : throw new RunException($"git {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Errors.Trim()}");
    }

    /// <summary>The commit a name stands for.</summary>
    /// <exception cref="RunException">There is none; the message says what to do.</exception>
    public async Task<string> FindCommitAsync(string name)
    {
        ToolResult found = await RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"]);
        if (found.ExitCode == 0)
        {
            return found.Output.Trim();
        }

        if (found.ExitCode != NoSuchName)
        {
            throw new RunException($"git can't look for '{name}': {found.Errors.Trim()}");
        }

        string advice = await AskAsync("rev-parse", "--is-shallow-repository") == "true"
            ? "This clone is shallow, without the older history. Get it by 'git fetch --unshallow', or clone with the full history."
            : "Is the name right? If another clone has the commit, get it by 'git fetch'.";
        throw new RunException($"There is no commit '{name}' in this clone. {advice}");
    }

    public Task<ToolResult> RunAsync(IReadOnlyList<string> arguments) => Tool.RunAsync("git", arguments, folder, Limit);
}
