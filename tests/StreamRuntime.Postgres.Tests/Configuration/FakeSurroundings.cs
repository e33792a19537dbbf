using StreamRuntime.Postgres.Configuration;

namespace StreamRuntime.Postgres.Tests.Configuration;

/// <summary>An environment and a file system in two dictionaries.</summary>
internal sealed class FakeSurroundings
{
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Files by path; each has mode 0600 unless <see cref="Modes"/> says otherwise.</summary>
    public Dictionary<string, string> Files { get; } = [];

    public Dictionary<string, UnixFileMode> Modes { get; } = [];

    public bool HasSocketFolder { get; set; } = true;

    public PostgresOptions Parse(string text) => ConnectionString.Parse(text, new ConnectionSurroundings
    {
        Variable = name => Variables.GetValueOrDefault(name),
        ReadFile = path => Files.GetValueOrDefault(path),
        FileMode = path => Modes.GetValueOrDefault(path, UnixFileMode.UserRead | UnixFileMode.UserWrite),
        FileExists = Files.ContainsKey,
        FolderExists = path => HasSocketFolder && path == "/var/run/postgresql",
        Home = "/home/me",
        UserName = "me",
    });
}
