using System.Diagnostics;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>A PostgreSQL server of our own in a temporary folder, reached through a Unix socket there; gone without a trace when disposed.</summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    private const string SuperUser = "postgres";
    private const int FastShutdown = 2; // SIGINT

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly string _folder;
    private Process? _server;

    private PrivatePostgres(string folder) => _folder = folder;

    public string ConnectionString => $"host='{_folder}' port=5432 user={SuperUser} dbname=postgres";

    public string Version { get; private set; } = "";

    private string DataFolder => Path.Combine(_folder, "data");

    /// <summary>Makes a cluster and starts it; completes when it accepts connections.</summary>
    /// <exception cref="StreamRuntimeException">PostgreSQL is not installed, or did not start.</exception>
    public static async Task<PrivatePostgres> StartAsync(CancellationToken cancellationToken)
    {
        PostgresPrograms programs = PostgresPrograms.Find();
        var made = new PrivatePostgres(Directory.CreateTempSubdirectory("streamrt-demo-").FullName);
        try
        {
            // Nothing was awaited so far, so it is the main thread that starts the server, and the server ends when that one does.
            made.Launch(programs);
            await made.WaitUntilReadyAsync(cancellationToken);
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            if (!server.HasExited)
            {
                NativeCalls.Signal(server.Id, FastShutdown);
                using var limit = new CancellationTokenSource(StopLimit, TimeProvider.System);
                try
                {
                    await server.WaitForExitAsync(limit.Token);
                }
                catch (OperationCanceledException)
                {
                    server.Kill(entireProcessTree: true);
                }
            }

            server.Dispose();
            _server = null;
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void Launch(PostgresPrograms programs)
    {
        PostgresPrograms.Give(_folder);
        Version = programs.GetVersion();
        programs.MakeCluster(DataFolder, SuperUser);
        _server = programs.Serve(["-D", DataFolder, "-k", _folder, "-c", "listen_addresses=", "-c", "port=5432", "-c", "fsync=off"]);
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        // The eighth line of this file is the server's state.
        string status = Path.Combine(DataFolder, "postmaster.pid");
        long started = TimeProvider.System.GetTimestamp();
        while (!(File.Exists(status) && (await File.ReadAllLinesAsync(status, cancellationToken)).ElementAtOrDefault(7)?.Trim() == "ready"))
        {
            if (_server!.HasExited || TimeProvider.System.GetElapsedTime(started) > StartLimit)
            {
                throw PostgresPrograms.Failure("The private PostgreSQL did not start.");
            }

            await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken);
        }
    }
}
