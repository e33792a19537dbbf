namespace StreamRuntime.Solution.Tests.Repository;

/// <summary>A text file of the repository, or a sample of one.</summary>
/// <param name="Path">From the repository's root, with slashes.</param>
/// <param name="Text">What it holds.</param>
public sealed record RepositoryFile(string Path, string Text)
{
    public string FileName => Path[(Path.LastIndexOf('/') + 1)..];

    public IEnumerable<string> Folders => Path.Split('/').SkipLast(1);
}

public static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    private static readonly string[] NotOurs = [".git", "bin", "obj", "artifacts", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts", ".vs", ".idea"];

    private static readonly string[] TextEndings =
        [".cs", ".csproj", ".props", ".targets", ".sln", ".slnx", ".json", ".md", ".txt", ".sh", ".yml", ".yaml", ".config", ".editorconfig", ".gitignore", ".npmrc", "/run", "/baseline", ".ps1", ".mjs", ".csv", ".svg", ".sql", ".c", ".py"];

    private static readonly Lazy<IReadOnlyList<RepositoryFile>> Read = new(() =>
    [
        .. Walk(Root)
            .Select(p => (Full: p, Path: System.IO.Path.GetRelativePath(Root, p).Replace('\\', '/')))
            .Where(p => TextEndings.Any(e => ("/" + p.Path).EndsWith(e, StringComparison.Ordinal)))
            .Select(p => new RepositoryFile(p.Path, File.ReadAllText(p.Full))),
    ]);

    public static IReadOnlyList<RepositoryFile> All => Read.Value;

    public static IReadOnlyList<RepositoryFile> Sources { get; } = [.. All.Where(f => f.Path.StartsWith("src/", StringComparison.Ordinal) && f.Path.EndsWith(".cs", StringComparison.Ordinal))];

    public static IReadOnlyList<RepositoryFile> SourceProjects { get; } = [.. All.Where(f => f.Path.StartsWith("src/", StringComparison.Ordinal) && f.Path.EndsWith(".csproj", StringComparison.Ordinal))];

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder).Concat(
            Directory.EnumerateDirectories(folder).Where(d => !NotOurs.Contains(Path.GetFileName(d))).SelectMany(Walk));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "StreamRuntime.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("StreamRuntime.sln is in none of the folders above the test.");
    }
}
