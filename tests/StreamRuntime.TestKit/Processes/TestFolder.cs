using System.Globalization;

namespace StreamRuntime.TestKit.Processes;

/// <summary>The one temporary folder of this test host; everything on disk lives below it and goes with it.</summary>
public static class TestFolder
{
    private const string Prefix = "streamrt-test-";
    private const string LockName = ".lock";
    private static readonly Lazy<string> Root = new(MakeRoot);
    private static FileStream? s_lock;
    private static int s_count;

    /// <summary>Makes a new, empty folder that other accounts may enter.</summary>
    /// <param name="name">The start of its name.</param>
    public static string Create(string name)
    {
        string path = Path.Combine(Root.Value, name + Interlocked.Increment(ref s_count).ToString(CultureInfo.InvariantCulture));
        return Make(path);
    }

    private static string MakeRoot()
    {
        SweepAbandoned();
        string path = Make(Path.Combine(Path.GetTempPath(), Prefix + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)));

        // Held for as long as we live, however we die: that is how the next run knows the folder is nobody's.
        s_lock = new FileStream(Path.Combine(path, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            ChildProcess.EndAll();
            TryDelete(path);
        };
        return path;
    }

    private static string Make(string path)
    {
        Directory.CreateDirectory(path);
        const UnixFileMode Everyone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(path, Everyone);
        return path;
    }

    private static void SweepAbandoned()
    {
        foreach (string folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            string file = Path.Combine(folder, LockName);
            try
            {
                if (File.Exists(file))
                {
                    using var ours = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                    TryDelete(folder);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Somebody else's, and in use.
                continue;
            }
        }
    }

    internal static void TryDelete(string folder)
    {
        try
        {
            // The lock file goes last: a folder that is left without it is nobody's to sweep.
            foreach (string inner in Directory.EnumerateDirectories(folder))
            {
                Directory.Delete(inner, recursive: true);
            }

            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A server that is still ending may write once more; the next run sweeps the rest.
            return;
        }
    }
}
