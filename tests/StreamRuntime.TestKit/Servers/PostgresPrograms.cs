using System.Globalization;

namespace StreamRuntime.TestKit.Servers;

/// <summary>Where PostgreSQL's programs are.</summary>
public static class PostgresPrograms
{
    private static readonly string[] Needed = ["initdb", "postgres", "psql"];
    private static readonly Lazy<string> Folder = new(FindFolder);

    /// <summary>The path of a program.</summary>
    /// <exception cref="InvalidOperationException">PostgreSQL is not installed; the message says so.</exception>
    public static string Path(string program) => System.IO.Path.Combine(Folder.Value, program);

    // Debian keeps the server's programs out of the PATH, a folder per major version.
    private static string FindFolder()
    {
        const string Debian = "/usr/lib/postgresql";
        IEnumerable<string> versions = Directory.Exists(Debian)
            ? Directory.EnumerateDirectories(Debian)
                .OrderByDescending(d => int.TryParse(System.IO.Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out int v) ? v : 0)
                .Select(d => System.IO.Path.Combine(d, "bin"))
            : [];
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return versions.Concat(path).FirstOrDefault(HasAll) ?? throw new InvalidOperationException(
            $"This test needs a PostgreSQL server and found initdb, postgres and psql neither below {Debian} nor in the PATH. "
            + "Run ./test.sh, which installs it, or: apt-get install postgresql");
    }

    private static bool HasAll(string folder) =>
        Needed.All(p => File.Exists(System.IO.Path.Combine(folder, p)));
}
