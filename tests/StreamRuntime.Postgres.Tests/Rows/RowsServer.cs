using System.Diagnostics;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>A private PostgreSQL cluster for the tests in this folder.</summary>
public sealed class RowsServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rows").FullName;

    public string SocketDirectory => _folder;

    // Only a part of the socket's name: the folder is ours alone and TCP is off.
    public int Port => 5432;

    public async Task InitializeAsync()
    {
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", _folder);
        }

        await RunAsync(Program("initdb"), "-D", Data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N");
        await RunAsync(Program("pg_ctl"), "start", "-w", "-D", Data, "-l", Path.Combine(_folder, "log"), "-o", $"-k {_folder} -c listen_addresses='' -c fsync=off");
    }

    public async Task DisposeAsync()
    {
        await RunAsync(Program("pg_ctl"), "stop", "-w", "-m", "immediate", "-D", Data);
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private static string Program(string name) => Directory.GetDirectories("/usr/lib/postgresql")
        .Select(version => Path.Combine(version, "bin", name)).Last(File.Exists);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // PostgreSQL refuses to run as root.
        if (Environment.IsPrivilegedProcess && program != "chown")
        {
            arguments = ["-u", "postgres", "--", program, .. arguments];
            program = "runuser";
        }

        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = Path.GetTempPath() };
        using Process process = Process.Start(start)!;

        // pg_ctl's server inherits the pipes, so their end would never come: only the exit is awaited.
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var errors = new System.Text.StringBuilder();
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        var exited = new TaskCompletionSource();
        process.Exited += (_, _) => exited.TrySetResult();
        process.EnableRaisingEvents = true;
        await exited.Task.WaitAsync(TimeSpan.FromSeconds(60));
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {errors}");
        }
    }
}
