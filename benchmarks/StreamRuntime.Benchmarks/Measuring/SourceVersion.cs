namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>What was measured.</summary>
/// <param name="Commit">The commit that is checked out.</param>
/// <param name="HasChanges">True when files differ from it, recorded results apart: then the figures belong to no commit.</param>
internal sealed record SourceVersion(string Commit, bool HasChanges)
{
    /// <exception cref="Options.RunException">Results name their commit, and git can't tell it here.</exception>
    public static async Task<SourceVersion> ReadAsync()
    {
        var git = new GitRepository(Repository.Root);
        return new SourceVersion(await git.AskAsync("rev-parse", "HEAD"), (await git.AskAsync("status", "--porcelain", "--", ".", ":!perf-results")).Length > 0);
    }
}
