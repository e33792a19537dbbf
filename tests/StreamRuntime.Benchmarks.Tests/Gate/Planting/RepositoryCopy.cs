using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Benchmarks.Tests.Gate.Planting;

/// <summary>A repository of its own that holds this working copy as its only commit, to be patched, built and measured like any other.</summary>
internal sealed class RepositoryCopy
{
    private const string Project = "benchmarks/StreamRuntime.Benchmarks";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    private readonly GitRepository _git;

    private RepositoryCopy(string folder) => _git = new GitRepository(folder);

    /// <summary>The copy's own runner, once it was built.</summary>
    public string Runner => Path.Combine(_git.Folder, Project, "bin", "Release", "net10.0", "StreamRuntime.Benchmarks");

    public static async Task<RepositoryCopy> MakeAsync()
    {
        string folder = TestFolder.Create("copy");
        string files = await new GitRepository(Repository.Root).AskAsync("ls-files", "--cached", "--others", "--exclude-standard", "-z");
        foreach (string file in files.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(f => File.Exists(Path.Combine(Repository.Root, f))))
        {
            string copy = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(Repository.Root, file), copy);
        }

        var made = new RepositoryCopy(folder);
        await made._git.AskAsync("init", "--quiet");
        await made._git.AskAsync("add", "--all");
        await made._git.AskAsync("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "As it is");
        return made;
    }

    public void Patch(string path, Func<string, string> patch)
    {
        string file = Path.Combine(_git.Folder, path);
        File.WriteAllText(file, patch(File.ReadAllText(file)));
    }

    public void Write(string path, string text) => File.WriteAllText(Path.Combine(_git.Folder, path), text);

    /// <summary>Takes back what was patched and written.</summary>
    public async Task RevertAsync()
    {
        await _git.AskAsync("checkout", "--quiet", "--", ".");
        await _git.AskAsync("clean", "--quiet", "--force", "-d");
    }

    public async Task BuildAsync() => await RunAsync(["build", "-c", "Release", Project, "--disable-build-servers", "-nologo", "-v", "quiet", "-p:RunAnalyzers=false"]);

    /// <summary>Runs the copy's runner as a person does.</summary>
    public Task<ToolResult> MeasureAsync(IEnumerable<string> arguments, params (string Name, string Value)[] environment) =>
        Tool.RunAsync("dotnet", ["run", "-c", "Release", "--no-build", "--project", Project, "--", .. arguments], _git.Folder, Limit, environment);

    private async Task RunAsync(string[] arguments)
    {
        ToolResult result = await Tool.RunAsync("dotnet", arguments, _git.Folder, Limit);
        Assert.True(result.ExitCode == 0, result.Output + result.Errors);
    }
}
