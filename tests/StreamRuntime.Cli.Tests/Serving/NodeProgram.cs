using System.Globalization;
using System.Text;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>A Node that has a WebSocket built in: the system's, or else the one that <c>test.sh</c> installed.</summary>
internal static class NodeProgram
{
    private static readonly Version s_withAnOption = new(20, 10);
    private static readonly Version s_byDefault = new(22, 0);
    private static readonly string s_folder = FindFolder();

    /// <summary>Starts the client of the repository's <c>tests/node-client</c>.</summary>
    public static async Task<Streamrt> StartClientAsync(Uri rows, int pauses = 0)
    {
        (string file, string[] options) = await FindAsync();
        string url = new UriBuilder(rows) { Scheme = "ws" }.Uri.AbsoluteUri;
        return Streamrt.StartProgram(file, [.. options, Path.Combine(s_folder, "client.mjs"), url, pauses.ToString(CultureInfo.InvariantCulture)]);
    }

    private static async Task<(string File, string[] Options)> FindAsync()
    {
        string packages = Path.Combine(s_folder, "node_modules");
        string[] installed = Directory.Exists(packages) ? Directory.GetDirectories(packages, "node-linux-*") : [];
        foreach (string file in installed.Select(d => Path.Combine(d, "bin", "node")).Prepend("node"))
        {
            Version version = await VersionOfAsync(file);
            if (version >= s_withAnOption)
            {
                return (file, version >= s_byDefault ? [] : ["--experimental-websocket", "--no-warnings"]);
            }
        }

        throw new InvalidOperationException($"There is no Node from {s_withAnOption}. Run ./test.sh once: it installs what the tests need.");
    }

    private static async Task<Version> VersionOfAsync(string file)
    {
        try
        {
            return Version.Parse(Encoding.ASCII.GetString(await CommandLine.RunAsync(file, ["--version"])).Trim().TrimStart('v'));
        }
        catch (InvalidOperationException)
        {
            // Not installed, or not for this machine.
            return new Version();
        }
    }

    private static string FindFolder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "StreamRuntime.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException("The tests do not run in the repository."), "tests", "node-client");
    }
}
