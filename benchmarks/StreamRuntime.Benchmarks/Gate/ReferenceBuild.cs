using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>
/// Builds a commit in a worktree of its own, under <c>artifacts/reference-builds</c>, so that nothing of this working copy is touched. A build is kept, so that comparing
/// with the same commit again builds nothing; of all kept ones only the last few.
/// </summary>
/// <remarks>One at a time in a working copy: a lock file, held until this is disposed, keeps others out.</remarks>
internal sealed class ReferenceBuild : IDisposable
{
    private const string Project = "benchmarks/StreamRuntime.Benchmarks";
    private const string StampEnding = ".built";
    private const int KeptBuilds = 3;

    private readonly GitRepository _repository;
    private readonly string _folder;
    private readonly FileStream _lock;

    private ReferenceBuild(GitRepository repository, string folder, FileStream held)
    {
        _repository = repository;
        _folder = folder;
        _lock = held;
    }

    /// <exception cref="RunException">Another comparison is under way in this working copy.</exception>
    public static ReferenceBuild Open(GitRepository repository)
    {
        string folder = Path.Combine(repository.Folder, "artifacts", "reference-builds");
        Directory.CreateDirectory(folder);
        try
        {
            return new ReferenceBuild(repository, folder, new FileStream(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException failure)
        {
            throw new RunException("Another comparison is under way in this working copy. Two at once would only disturb each other: wait for its end.", cause: failure);
        }
    }

    /// <summary>The runner as it is at a commit, built if it is not yet.</summary>
    /// <param name="commit">The commit, in full.</param>
    /// <param name="limit">How long the build may take.</param>
    /// <param name="report">Told when there is something to build.</param>
    /// <exception cref="RunException">It does not build.</exception>
    public async Task<string> BuildAsync(string commit, TimeSpan limit, Action<string> report)
    {
        string worktree = Path.Combine(_folder, commit);
        string stamp = worktree + StampEnding;
        string program = Path.Combine(worktree, Project, "bin", "Release", "net10.0", "StreamRuntime.Benchmarks");

        // Another compiler makes other code of the same source: that would pass for a difference between the commits.
        string compiler = (await Tool.RunAsync("dotnet", ["--version"], _repository.Folder, limit)).Output.Trim();
        if (!(File.Exists(program) && File.Exists(stamp) && await File.ReadAllTextAsync(stamp) == compiler))
        {
            report($"building {commit}");
            File.Delete(stamp);
            await RemoveAsync(worktree);
            await AddAsync(commit, worktree);
            await CompileAsync(commit, worktree, limit);
        }

        await File.WriteAllTextAsync(stamp, compiler);
        await RemoveOldAsync();
        return program;
    }

    public void Dispose() => _lock.Dispose();

    // Twice forced: a folder that somebody deleted by hand is still registered.
    private async Task AddAsync(string commit, string worktree) =>
        await _repository.AskAsync("worktree", "add", "--force", "--force", "--quiet", "--detach", worktree, commit);

    private static async Task CompileAsync(string commit, string worktree, TimeSpan limit)
    {
        if (!Directory.Exists(Path.Combine(worktree, Project)))
        {
            throw new RunException($"At {commit} there is no {Project} yet: it is too old to compare with. Name a later commit.");
        }

        // Analyzers judge code and do not change it; warnings of a later compiler are not the old commit's fault. Build servers would linger while we measure.
        ToolResult built = await Tool.RunAsync(
            "dotnet", ["build", "-c", "Release", Project, "--disable-build-servers", "-nologo", "-v", "quiet", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false"], worktree, limit);
        if (built.ExitCode != 0)
        {
            throw new RunException($"{commit} does not build here:\n{built.Output.Trim()}\n{built.Errors.Trim()}".TrimEnd());
        }
    }

    private async Task RemoveAsync(string worktree)
    {
        // Git refuses what it does not know as a worktree, such as the rest of one; then only the folder is there to go.
        await _repository.RunAsync(["worktree", "remove", "--force", "--force", worktree]);
        if (Directory.Exists(worktree))
        {
            Directory.Delete(worktree, recursive: true);
        }
    }

    private async Task RemoveOldAsync()
    {
        string[] kept = [.. Directory.GetFiles(_folder, "*" + StampEnding).OrderByDescending(File.GetLastWriteTimeUtc).Take(KeptBuilds).Select(s => s[..^StampEnding.Length])];

        // Git also remembers worktrees of which somebody deleted the folder.
        string[] registered = [.. (await _repository.AskAsync("worktree", "list", "--porcelain")).Split('\n').Where(l => l.StartsWith("worktree " + _folder + "/", StringComparison.Ordinal)).Select(l => l["worktree ".Length..])];
        string[] known = [.. Directory.GetDirectories(_folder), .. Directory.GetFiles(_folder, "*" + StampEnding).Select(s => s[..^StampEnding.Length]), .. registered];
        foreach (string worktree in known.Distinct().Except(kept))
        {
            await RemoveAsync(worktree);
            File.Delete(worktree + StampEnding);
        }
    }
}
