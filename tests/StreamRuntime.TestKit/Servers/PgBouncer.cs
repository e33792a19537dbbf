using System.Globalization;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.TestKit.Servers;

/// <summary>When pgbouncer gives a server connection back to its pool.</summary>
public enum PgBouncerMode
{
    /// <summary>When the client leaves.</summary>
    Session,

    /// <summary>After every transaction.</summary>
    Transaction,
}

/// <summary>How pgbouncer is set up.</summary>
public sealed record PgBouncerOptions
{
    /// <summary>When a server connection changes hands.</summary>
    public PgBouncerMode Mode { get; init; } = PgBouncerMode.Transaction;

    /// <summary>Server connections for each database and role.</summary>
    public int PoolSize { get; init; } = 20;

    /// <summary>How clients log in: <c>trust</c>, <c>md5</c>, <c>scram-sha-256</c>, <c>plain</c>.</summary>
    public string AuthenticationType { get; init; } = "trust";

    /// <summary>The roles it knows, with their passwords; the superuser is always known.</summary>
    public IReadOnlyList<PostgresRole> Users { get; init; } = [];

    /// <summary>Further lines of its configuration; they win over ours.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];
}

/// <summary>A private pgbouncer in front of a cluster's Unix socket, on a free port; gone when disposed or when the test host ends.</summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private PgBouncer(ChildProcess process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    /// <summary>The address of the TCP port.</summary>
    public static string Host => PostgresCluster.Host;

    /// <summary>The TCP port.</summary>
    public int Port { get; }

    /// <summary>Key=value string, as the superuser.</summary>
    public string ConnectionString => $"host={Host} port={Port} user={PostgresCluster.SuperUser} dbname=postgres";

    /// <summary>What it has logged.</summary>
    public string Log => _process.Log;

    /// <summary>Starts pgbouncer; returns when it accepts connections.</summary>
    /// <exception cref="InvalidOperationException">It is not installed, or did not start; the message says why.</exception>
    public static async Task<PgBouncer> StartAsync(PostgresCluster cluster, PgBouncerOptions? options = null)
    {
        options ??= new PgBouncerOptions();
        string program = Find();
        string folder = TestFolder.Create("bouncer");
        await ServerAccounts.GiveAsync(folder);
        for (int tries = 1; ; tries++)
        {
            int port = FreePort.Find();
            string configuration = Path.Combine(folder, "pgbouncer.ini");
            await File.WriteAllLinesAsync(configuration, Configuration(cluster, options, folder, port));
            await File.WriteAllLinesAsync(Path.Combine(folder, "users.txt"), Users(options));
            ChildProcess process = await ChildProcess.StartAsync(program, [configuration], folder, ServerAccount.NotRoot, UnixSignal.Kill);
            if (await process.WaitForLineAsync(l => l.Contains("process up", StringComparison.Ordinal), TimeSpan.FromSeconds(30)) is not null
                && process.Log.Contains($"listening on {Host}:{port}", StringComparison.Ordinal))
            {
                return new PgBouncer(process, folder, port);
            }

            await process.DisposeAsync();
            if (tries == 5)
            {
                throw new InvalidOperationException($"pgbouncer did not start. Its log:\n{process.Log}");
            }
        }
    }

    /// <summary>Ends it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        TestFolder.TryDelete(_folder);
    }

    private static string Find()
    {
        // Debian puts it where only root's PATH looks.
        IEnumerable<string> folders = ["/usr/sbin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)];
        return folders.Select(f => Path.Combine(f, "pgbouncer")).FirstOrDefault(File.Exists) ?? throw new InvalidOperationException(
            "This test needs pgbouncer and did not find it. Run ./test.sh, which installs it, or: apt-get install pgbouncer");
    }

    private static string[] Configuration(PostgresCluster cluster, PgBouncerOptions options, string folder, int port) =>
    [
        "[databases]",
        $"* = host={cluster.SocketDirectory} port={cluster.Port}",
        "[pgbouncer]",
        $"listen_addr = {Host}",
        $"listen_port = {port}",
        $"unix_socket_dir = {folder}",
        $"auth_type = {options.AuthenticationType}",
        $"auth_file = {Path.Combine(folder, "users.txt")}",
        $"admin_users = {PostgresCluster.SuperUser}",
        $"pool_mode = {(options.Mode == PgBouncerMode.Session ? "session" : "transaction")}",
        $"default_pool_size = {options.PoolSize.ToString(CultureInfo.InvariantCulture)}",
        .. options.Settings,
    ];

    private static IEnumerable<string> Users(PgBouncerOptions options) =>
        options.Users.Prepend(new PostgresRole(PostgresCluster.SuperUser))
            .Select(u => $"{Quote(u.Name)} {Quote(u.Password ?? "")}");

    private static string Quote(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
