using System.Text;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>All that a connection string draws on besides its own text, so that tests can stand in for it.</summary>
internal sealed record ConnectionSurroundings
{
    // Debian's and Ubuntu's libpq is built with these two; upstream's sources say /tmp and the installation's own folder.
    public const string DefaultSocketFolder = "/var/run/postgresql";
    public const string DefaultServiceFolder = "/etc/postgresql-common";

    private const int MaxFileBytes = 1024 * 1024;

    /// <summary>An environment variable; null when it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>A file's text; null when there is none, it cannot be read, or it is over 1 MiB.</summary>
    public required Func<string, string?> ReadFile { get; init; }

    /// <summary>A file's permissions; null on systems without, and when the file is gone.</summary>
    public required Func<string, UnixFileMode?> FileMode { get; init; }

    public required Func<string, bool> FileExists { get; init; }

    public required Func<string, bool> FolderExists { get; init; }

    /// <summary>The user's folder; null when there is none.</summary>
    public required string? Home { get; init; }

    public required string UserName { get; init; }

    public static ConnectionSurroundings FromSystem() => new()
    {
        Variable = Environment.GetEnvironmentVariable,
        ReadFile = ReadText,
        FileMode = ReadMode,
        FileExists = File.Exists,
        FolderExists = Directory.Exists,
        Home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? home : null,
        UserName = Environment.UserName,
    };

    /// <summary>A file below the user's folder; null when the user has none.</summary>
    public string? InHome(string path) => Home is null ? null : $"{Home}/{path}";

    private static UnixFileMode? ReadMode(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null; // gone since it was looked for; reading it finds that out too
        }
    }

    private static string? ReadText(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaxFileBytes)
            {
                return null;
            }

            byte[] text = new byte[file.Length];
            int length = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return Encoding.UTF8.GetString(text, 0, length);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null; // libpq, too, treats what it cannot open as not there
        }
    }
}
