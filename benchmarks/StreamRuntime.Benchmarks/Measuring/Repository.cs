using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>The working copy this program was built in.</summary>
internal static class Repository
{
    private static readonly Lazy<string> Folder = new(FindRoot);

    public static string Root => Folder.Value;

    // A benchmark of a debug build would be worthless, so only the release build of the tool is looked for.
    public static string StreamrtProgram => Path.Combine(Root, "src", "StreamRuntime.Cli", "bin", "Release", "net10.0", "streamrt");

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "StreamRuntime.sln")))
            {
                return folder.FullName;
            }
        }

        throw new RunException($"StreamRuntime.sln is in none of the folders above {AppContext.BaseDirectory}. Run the benchmarks from a working copy.");
    }
}
