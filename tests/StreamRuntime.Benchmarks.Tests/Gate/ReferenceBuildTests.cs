using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Benchmarks.Tests.Gate;

/// <summary>Building another commit, in small repositories whose project only copies a file.</summary>
public class ReferenceBuildTests
{
    private const string Project = "benchmarks/StreamRuntime.Benchmarks/StreamRuntime.Benchmarks.csproj";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    // What dotnet build asks of a project, without an SDK to load.
    private const string Copies = """
        <Project DefaultTargets="Build">
          <Target Name="Restore" />
          <Target Name="Build"><Copy SourceFiles="program" DestinationFiles="bin/Release/net10.0/StreamRuntime.Benchmarks" /></Target>
        </Project>
        """;

    private readonly List<string> _built = [];
    private readonly string _folder = TestFolder.Create("repository");

    [Fact]
    public async Task Build_ThatCommit_OnceAndLeavesTheWorkingCopyAlone()
    {
        string first = await CommitAsync("first");
        await CommitAsync("second");
        Write("benchmarks/StreamRuntime.Benchmarks/program", "not committed");
        using var builds = ReferenceBuild.Open(Repository);

        string program = await builds.BuildAsync(first, Limit, _built.Add);

        Assert.Equal("first", await File.ReadAllTextAsync(program));
        Assert.Equal("not committed", await File.ReadAllTextAsync(Path.Combine(_folder, "benchmarks/StreamRuntime.Benchmarks/program")));

        // Built again it would be as committed.
        await File.WriteAllTextAsync(program, "kept");
        Assert.Equal("kept", await File.ReadAllTextAsync(await builds.BuildAsync(first, Limit, _built.Add)));
        Assert.Equal(["building " + first], _built);

        // Another compiler's build is no longer the same.
        await File.WriteAllTextAsync(Path.Combine(_folder, "artifacts", "reference-builds", first + ".built"), "9.9.9");
        Assert.Equal("first", await File.ReadAllTextAsync(await builds.BuildAsync(first, Limit, _built.Add)));
    }

    [Fact]
    public async Task Build_KeepsTheLastFew_AndForgetsTheRest()
    {
        string[] commits = [await CommitAsync("1"), await CommitAsync("2"), await CommitAsync("3"), await CommitAsync("4")];
        using var builds = ReferenceBuild.Open(Repository);
        foreach (string commit in commits)
        {
            await builds.BuildAsync(commit, Limit, _built.Add);
        }

        Assert.Equal(commits[1..].Order(), (await WorktreesAsync()).Order());
        Assert.Equal(
            commits[1..].SelectMany(c => new[] { c, c + ".built" }).Append(".lock").Order(),
            Directory.GetFileSystemEntries(Path.Combine(_folder, "artifacts", "reference-builds")).Select(e => Path.GetFileName(e)).Order());
    }

    [Fact]
    public async Task Build_AfterItsFolderWasDeleted_BuildsAgain()
    {
        string[] commits = [await CommitAsync("1"), await CommitAsync("2")];
        using (var builds = ReferenceBuild.Open(Repository))
        {
            await builds.BuildAsync(commits[0], Limit, _built.Add);
            await builds.BuildAsync(commits[1], Limit, _built.Add);
        }

        Directory.Delete(Path.Combine(_folder, "artifacts"), recursive: true);
        using var again = ReferenceBuild.Open(Repository);

        Assert.Equal("1", await File.ReadAllTextAsync(await again.BuildAsync(commits[0], Limit, _built.Add)));
        Assert.Equal([commits[0]], await WorktreesAsync());
    }

    [Fact]
    public async Task Build_CutOffHalfway_BuildsAgain()
    {
        string commit = await CommitAsync("whole");
        string worktree = Path.Combine(_folder, "artifacts", "reference-builds", commit);
        Directory.CreateDirectory(worktree);
        await File.WriteAllTextAsync(Path.Combine(worktree, "half"), "");
        using var builds = ReferenceBuild.Open(Repository);

        Assert.Equal("whole", await File.ReadAllTextAsync(await builds.BuildAsync(commit, Limit, _built.Add)));
        Assert.False(File.Exists(Path.Combine(worktree, "half")));
    }

    [Fact]
    public async Task Build_OfWhatDoesNotCompile_SaysWhy()
    {
        Write(Project, """<Project DefaultTargets="Build"><Target Name="Restore" /><Target Name="Build"><Error Text="broken on purpose" /></Target></Project>""");
        string commit = await CommitAsync("broken", Project);
        using var builds = ReferenceBuild.Open(Repository);

        string message = (await Assert.ThrowsAsync<RunException>(() => builds.BuildAsync(commit, Limit, _built.Add))).Message;

        Assert.StartsWith($"{commit} does not build here:", message, StringComparison.Ordinal);
        Assert.Contains("broken on purpose", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_OfACommitBeforeTheBenchmarks_SaysSo()
    {
        await GitAsync("init", "--quiet", "--initial-branch=main");
        Write("README.md", "early");
        string commit = await CommitAsync(null, "README.md");
        using var builds = ReferenceBuild.Open(Repository);

        Assert.Contains("too old to compare with", (await Assert.ThrowsAsync<RunException>(() => builds.BuildAsync(commit, Limit, _built.Add))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_WhileAnotherCompares_IsRefused()
    {
        await CommitAsync("one");
        using var builds = ReferenceBuild.Open(Repository);

        Assert.StartsWith("Another comparison is under way", Assert.Throws<RunException>(() => ReferenceBuild.Open(Repository)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindCommit_GivesTheHashInFull_ForAnyName()
    {
        string first = await CommitAsync("first");
        string second = await CommitAsync("second");

        Assert.Equal(second, await Repository.FindCommitAsync("main"));
        Assert.Equal(first, await Repository.FindCommitAsync("HEAD~1"));
        Assert.Equal(first, await Repository.FindCommitAsync(first[..10]));
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("--all")]
    [InlineData("0123456789abcdef0123456789abcdef01234567")]
    public async Task FindCommit_OfNone_SaysWhatToDo(string name)
    {
        await CommitAsync("first");

        string message = (await Assert.ThrowsAsync<RunException>(() => Repository.FindCommitAsync(name))).Message;

        Assert.Equal($"There is no commit '{name}' in this clone. Is the name right? If another clone has the commit, get it by 'git fetch'.", message);
    }

    [Fact]
    public async Task FindCommit_BeyondAShallowClone_SaysHowToGetIt()
    {
        string first = await CommitAsync("first");
        await CommitAsync("second");
        string clone = TestFolder.Create("shallow");
        await GitAsync("clone", "--quiet", "--depth", "1", "file://" + _folder, clone);

        string message = (await Assert.ThrowsAsync<RunException>(() => new GitRepository(clone).FindCommitAsync(first))).Message;

        Assert.Contains("This clone is shallow", message, StringComparison.Ordinal);
        Assert.Contains("git fetch --unshallow", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindCommit_OutsideOfARepository_SaysWhatGitSays()
    {
        string message = (await Assert.ThrowsAsync<RunException>(() => Repository.FindCommitAsync("main"))).Message;

        Assert.StartsWith("git can't look for 'main': ", message, StringComparison.Ordinal);
        Assert.Contains("not a git repository", message, StringComparison.Ordinal);
    }

    private GitRepository Repository => new(_folder);

    // A commit whose runner is a file with that text.
    private async Task<string> CommitAsync(string? program, params string[] others)
    {
        if (!Directory.Exists(Path.Combine(_folder, ".git")))
        {
            await GitAsync("init", "--quiet", "--initial-branch=main");
            Write(".gitignore", "artifacts/\n");
        }

        if (program is not null)
        {
            Write("benchmarks/StreamRuntime.Benchmarks/program", program);
            if (!others.Contains(Project))
            {
                Write(Project, Copies);
            }
        }

        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", program ?? "early");
        return await GitAsync("rev-parse", "HEAD");
    }

    private async Task<string[]> WorktreesAsync() =>
        [.. (await GitAsync("worktree", "list", "--porcelain")).Split('\n').Where(l => l.StartsWith("worktree ", StringComparison.Ordinal)).Skip(1).Select(l => Path.GetFileName(l))];

    private Task<string> GitAsync(params string[] arguments) => Repository.AskAsync(arguments);

    private void Write(string path, string text)
    {
        string file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
