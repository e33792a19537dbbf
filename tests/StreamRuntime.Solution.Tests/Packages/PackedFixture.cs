using System.IO.Compression;
using System.Text;
using StreamRuntime.Solution.Tests.Repository;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Solution.Tests.Packages;

/// <summary>Everything that is packed, once, as <c>dotnet pack</c> makes it, in a folder of its own: what the repository itself has built stays as it is.</summary>
public sealed class PackedFixture : IAsyncLifetime
{
    public const string Version = "0.0.0-test";

    private static readonly string Home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>Where the packages are.</summary>
    public string Folder { get; } = TestFolder.Create("packages");

    /// <summary>Where a project may keep what it restores. What the machine has already is taken from there.</summary>
    private string Cache { get; } = TestFolder.Create("package-cache");

    public Task InitializeAsync() => PackAsync("StreamRuntime.sln", Folder, TestFolder.Create("artifacts"));

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Packs as a person would, but that nothing of the repository's own output is used or changed.</summary>
    /// <param name="project">The solution, or one project.</param>
    /// <param name="packages">Where the packages go.</param>
    /// <param name="artifacts">Where everything else goes.</param>
    public static Task PackAsync(string project, string packages, string artifacts) => CommandLine.RunAsync(
        "dotnet",
        ["pack", project, "-c", "Release", "-o", packages, "--artifacts-path", artifacts, $"-p:Version={Version}", "-v", "quiet", "-nodeReuse:false"],
        workingDirectory: RepositoryFiles.Root);

    /// <summary>Runs the SDK where our packages and the machine's own sources are what there is to restore from.</summary>
    public async Task<string> RunDotnetAsync(string folder, params string[] arguments)
    {
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nuget.config"),
            $"""<configuration><packageSources><add key="packed" value="{Folder}" /></packageSources></configuration>""");
        string kept = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Home, ".nuget", "packages");
        byte[] output = await CommandLine.RunAsync(
            "env", [$"NUGET_PACKAGES={Cache}", $"NUGET_FALLBACK_PACKAGES={kept}", "DOTNET_NOLOGO=1", "dotnet", .. arguments], workingDirectory: folder);
        return Encoding.UTF8.GetString(output);
    }

    /// <summary>The entries of a package, but for those that carry the time and a random name.</summary>
    public static Dictionary<string, byte[]> Read(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        return archive.Entries
            .Where(e => !e.FullName.EndsWith(".psmdcp", StringComparison.Ordinal) && e.FullName != "_rels/.rels")
            .ToDictionary(e => e.FullName, Bytes);
    }

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
