using System.ComponentModel;
using System.Diagnostics;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>PostgreSQL's own programs on this machine, run as somebody it accepts.</summary>
internal sealed class PostgresPrograms
{
    private const string Account = "postgres";

    private static readonly string[] PackageFolders = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];

    private readonly string _folder;

    private PostgresPrograms(string folder) => _folder = folder;

    /// <exception cref="StreamRuntimeException">They are not installed; the message says what to install.</exception>
    public static PostgresPrograms Find()
    {
        IEnumerable<string> onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> packaged = PackageFolders
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Where(folder => folder.Contains("pgsql", StringComparison.Ordinal) || folder.Contains("postgresql", StringComparison.Ordinal))
            .OrderDescending(StringComparer.Ordinal)
            .Select(folder => Path.Combine(folder, "bin"));
        string? found = onPath.Concat(packaged).FirstOrDefault(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "postgres")));
        return found is not null
            ? new PostgresPrograms(found)
            : throw Failure(
                "demo --postgres needs PostgreSQL's server programs (initdb and postgres), and they are not installed. Install them, as with"
                + " 'apt-get install postgresql' or 'brew install postgresql', or run 'streamrt demo' without --postgres.");
    }

    public static StreamRuntimeException Failure(string message) => new(ErrorKind.Source, message);

    /// <summary>Gives a folder to the account the server runs as.</summary>
    public static void Give(string folder)
    {
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root.
            Run(new ProcessStartInfo("chown", [$"{Account}:", folder]));
        }
    }

    public string GetVersion() => Run(Prepare("postgres", ["--version"])).Trim().Split(' ', 4)[2];

    public void MakeCluster(string folder, string superUser) => Run(Prepare(
        "initdb", ["--pgdata", folder, "--auth", "trust", "--username", superUser, "--encoding", "UTF8", "--locale", "C", "--no-sync"]));

    /// <summary>Starts a server. On Linux it ends with the thread that called this, even when that one is killed.</summary>
    public Process Serve(IEnumerable<string> arguments)
    {
        Process server = Start(Prepare("postgres", arguments));
        server.OutputDataReceived += static (_, _) => { };
        server.ErrorDataReceived += static (_, _) => { };
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
        return server;
    }

    private static string Run(ProcessStartInfo start)
    {
        using Process process = Start(start);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw Failure($"{Path.GetFileName(start.FileName)} failed: {errors.GetAwaiter().GetResult().Trim().ReplaceLineEndings(" ")}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.WorkingDirectory = Path.GetTempPath();
        try
        {
            return Process.Start(start) ?? throw Failure($"{start.FileName} did not start.");
        }
        catch (Win32Exception failure)
        {
            throw Failure($"{start.FileName} could not be started: {failure.Message}");
        }
    }

    private ProcessStartInfo Prepare(string program, IEnumerable<string> arguments)
    {
        string file = Path.Combine(_folder, program);
        if (OperatingSystem.IsLinux())
        {
            // Becomes the program itself, so that its id and its signals are the program's.
            string[] account = Environment.IsPrivilegedProcess ? ["--reuid", Account, "--regid", Account, "--init-groups"] : [];
            arguments = ["--pdeathsig", "QUIT", .. account, "--", file, .. arguments];
            file = "setpriv";
        }

        var start = new ProcessStartInfo(file, arguments);
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToArray())
        {
            // Somebody's PGDATA or PGPORT is meant for another server.
            start.Environment.Remove(name);
        }

        return start;
    }
}
