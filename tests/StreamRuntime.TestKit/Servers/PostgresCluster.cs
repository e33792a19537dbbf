using System.Globalization;
using System.Text;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.TestKit.Servers;

/// <summary>A private PostgreSQL cluster in a temporary folder, on a free port and a Unix socket; gone when disposed or when the test host ends.</summary>
/// <remarks>Durability is off. Any number of clusters may run at once. Start, stop and dispose from one caller at a time.</remarks>
public sealed class PostgresCluster : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<string>> Template = new(InitializeTemplateAsync);

    private readonly PostgresClusterOptions _options;
    private readonly StringBuilder _earlierLog = new();
    private ChildProcess? _server;

    private PostgresCluster(PostgresClusterOptions options)
    {
        _options = options;
        SocketDirectory = TestFolder.Create("pg");
        const int LongestSocketPath = 107;
        if (Path.Combine(SocketDirectory, ".s.PGSQL.12345").Length > LongestSocketPath)
        {
            throw new InvalidOperationException($"{SocketDirectory} is too long a path for a Unix socket; set TMPDIR to a shorter one.");
        }
    }

    /// <summary>The role that may do everything, without a password through the Unix socket.</summary>
    public static string SuperUser => "postgres";

    /// <summary>The address of the TCP port.</summary>
    public static string Host => "127.0.0.1";

    /// <summary>The port, the same one after a restart.</summary>
    public int Port { get; private set; }

    /// <summary>The folder of the Unix socket.</summary>
    public string SocketDirectory { get; }

    /// <summary>The cluster's data folder.</summary>
    public string DataDirectory => Path.Combine(SocketDirectory, "data");

    /// <summary>The certificates, when the cluster was started with TLS.</summary>
    public PostgresTlsFiles? Tls { get; private set; }

    /// <summary>Key=value string for TCP, as the superuser.</summary>
    public string ConnectionString => $"host={Host} port={Port} user={SuperUser} dbname=postgres";

    /// <summary>Key=value string for the Unix socket, as the superuser.</summary>
    public string SocketConnectionString => $"host={SocketDirectory} port={Port} user={SuperUser} dbname=postgres";

    /// <summary>URI for TCP, as the superuser.</summary>
    public string Uri => $"postgres://{SuperUser}@{Host}:{Port}/postgres";

    /// <summary>The main process's id.</summary>
    /// <exception cref="InvalidOperationException">The cluster is stopped.</exception>
    public int ProcessId => (_server ?? throw new InvalidOperationException("The cluster is stopped.")).Id;

    /// <summary>All the server has logged, over restarts.</summary>
    public string ServerLog => _earlierLog + (_server?.Log ?? "");

    /// <summary>Makes and starts a cluster; returns when it accepts connections.</summary>
    /// <exception cref="InvalidOperationException">PostgreSQL is not installed, or did not start; the message says why.</exception>
    public static async Task<PostgresCluster> StartAsync(PostgresClusterOptions? options = null)
    {
        var cluster = new PostgresCluster(options ?? new PostgresClusterOptions());
        try
        {
            await cluster.CreateAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs SQL through psql as the superuser, over the Unix socket; each statement in its own transaction.</summary>
    /// <returns>What <c>psql -At</c> prints, without the last line break.</returns>
    /// <exception cref="InvalidOperationException">A statement failed; the message holds psql's.</exception>
    public async Task<string> PsqlAsync(string sql, string database = "postgres")
    {
        string text = Encoding.UTF8.GetString(await PsqlBytesAsync(sql, database));
        return text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>As <see cref="PsqlAsync"/>, with the very bytes psql prints.</summary>
    public Task<byte[]> PsqlBytesAsync(string sql, string database = "postgres") => CommandLine.RunAsync(
        PostgresPrograms.Path("psql"),
        ["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", SocketDirectory, "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", SuperUser, "-d", database],
        sql);

    /// <summary>How many queries clients are running, this question not counted.</summary>
    public async Task<int> CountActiveQueriesAsync() => int.Parse(
        await PsqlAsync("select count(*) from pg_stat_activity where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid()"),
        CultureInfo.InvariantCulture);

    /// <summary>The TCP connections the cluster has accepted, with the bytes each has sent.</summary>
    public Task<IReadOnlyList<ServerConnection>> ListConnectionsAsync() => ServerConnection.ListAsync(Port);

    /// <summary>Stops the server and waits for its end. Nothing happens when it is stopped already.</summary>
    public async Task StopAsync(PostgresStopMode mode = PostgresStopMode.Fast)
    {
        if (_server is not { } server)
        {
            return;
        }

        server.Signal(mode switch
        {
            PostgresStopMode.Smart => UnixSignal.Terminate,
            PostgresStopMode.Fast => UnixSignal.Interrupt,
            PostgresStopMode.Immediate => UnixSignal.Quit,
            _ => UnixSignal.Kill,
        });
        await server.Exited.WaitAsync(StartLimit);
        await ForgetServerAsync();
    }

    /// <summary>Stops the server, starts it again on the same port, and returns when it accepts connections.</summary>
    public async Task RestartAsync(PostgresStopMode mode = PostgresStopMode.Fast)
    {
        await StopAsync(mode);
        await StartAgainAsync();
    }

    /// <summary>Starts a stopped server on the same port; returns when it accepts connections.</summary>
    public async Task StartAgainAsync()
    {
        // After a crash the old backends must be gone first; they hold the shared memory until they notice.
        await Wait.UntilAsync(
            async () => await TryStartAsync() is not { } log
                || (log.Contains("still in use", StringComparison.Ordinal) ? false : throw NotStarted()),
            StartLimit,
            "the crashed server's processes are gone");
    }

    /// <summary>Makes a standby a primary; returns when it accepts writes.</summary>
    /// <exception cref="InvalidOperationException">It is none, or it did not become one in time.</exception>
    public async Task PromoteAsync()
    {
        if (await PsqlAsync(string.Create(CultureInfo.InvariantCulture, $"select pg_promote(true, {StartLimit.TotalSeconds:0})")) != "t")
        {
            throw new InvalidOperationException($"The standby was not promoted. Its log:\n{ServerLog}");
        }
    }

    /// <summary>Ends the server at once and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(PostgresStopMode.Immediate);
        Tls?.Dispose();
        TestFolder.TryDelete(SocketDirectory);
    }

    private static async Task<string> InitializeTemplateAsync()
    {
        string folder = TestFolder.Create("template");
        await ServerAccounts.GiveAsync(folder);
        string data = Path.Combine(folder, "data");

        // Small log segments: less to copy for every cluster.
        await CommandLine.RunAsync(
            PostgresPrograms.Path("initdb"),
            ["--no-sync", "--auth=trust", $"--username={SuperUser}", "--encoding=UTF8", "--locale=C", "--wal-segsize=1", "-D", data],
            account: ServerAccount.NotRoot,
            workingDirectory: folder);
        return data;
    }

    private async Task CreateAsync()
    {
        await ServerAccounts.GiveAsync(SocketDirectory);
        await CopyDataAsync();
        if (_options.Tls)
        {
            Tls = await PostgresTlsFiles.CreateAsync(SocketDirectory);
        }

        await File.AppendAllLinesAsync(Path.Combine(DataDirectory, "postgresql.conf"), Settings());
        await File.WriteAllLinesAsync(Path.Combine(DataDirectory, "pg_hba.conf"), HostBasedAuthentication());
        if (_options.Standby)
        {
            string signal = Path.Combine(DataDirectory, "standby.signal");
            await File.WriteAllTextAsync(signal, "");
            await ServerAccounts.GiveAsync(signal);
        }

        await StartOnFreePortAsync();
        if (_options.Roles.Count > 0)
        {
            await PsqlAsync(string.Concat(_options.Roles.Select(CreateRole)));
        }
    }

    private async Task CopyDataAsync()
    {
        if (_options.Primary is not { } primary)
        {
            await CommandLine.RunAsync(
                "cp", ["-r", "--reflink=auto", await Template.Value, DataDirectory], account: ServerAccount.NotRoot, workingDirectory: SocketDirectory);
            return;
        }

        await CommandLine.RunAsync(
            PostgresPrograms.Path("pg_basebackup"),
            [
                "-D", DataDirectory, "-h", primary.SocketDirectory, "-p", primary.Port.ToString(CultureInfo.InvariantCulture), "-U", SuperUser,
                "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
            ],
            account: ServerAccount.NotRoot,
            workingDirectory: SocketDirectory);
    }

    // Two test hosts may find the same port free at once; the loser takes another.
    private async Task StartOnFreePortAsync()
    {
        for (int tries = 1; ; tries++)
        {
            Port = FreePort.Find();
            if (await TryStartAsync() is not { } log)
            {
                return;
            }

            if (tries == 5 || !log.Contains("could not create any TCP/IP sockets", StringComparison.Ordinal))
            {
                throw NotStarted();
            }
        }
    }

    // Null, or the log of the start that failed.
    private async Task<string?> TryStartAsync()
    {
        _server = await ChildProcess.StartAsync(
            PostgresPrograms.Path("postgres"),
            ["-D", DataDirectory, "-p", Port.ToString(CultureInfo.InvariantCulture)],
            SocketDirectory,
            ServerAccount.NotRoot,
            UnixSignal.Quit);
        string? ready = await _server.WaitForLineAsync(
            line => line.Contains("database system is ready to accept", StringComparison.Ordinal), StartLimit);
        if (ready is not null)
        {
            return null;
        }

        return await ForgetServerAsync();
    }

    private InvalidOperationException NotStarted() => new($"PostgreSQL did not start. Its log:\n{ServerLog}");

    private async Task<string> ForgetServerAsync()
    {
        ChildProcess server = _server!;
        _server = null;
        await server.DisposeAsync();
        string log = server.Log;
        _earlierLog.Append(log);
        return log;
    }

    private IEnumerable<string> Settings() =>
    [
        "",
        $"listen_addresses = '{Host}'",
        $"unix_socket_directories = '{SocketDirectory}'",
        "fsync = off",
        "synchronous_commit = off",
        "full_page_writes = off",
        "max_wal_size = '1GB'",
        "shared_buffers = '64MB'",
        "autovacuum = off",
        "timezone = 'UTC'",
        $"password_encryption = '{_options.PasswordEncryption}'",
        .. Tls is null ? Array.Empty<string>() :
        [
            "ssl = on",
            $"ssl_ca_file = '{Tls.AuthorityFile}'",
            $"ssl_cert_file = '{Tls.ServerCertificateFile}'",
            $"ssl_key_file = '{Tls.ServerKeyFile}'",
        ],
        .. _options.Settings,
    ];

    private string[] HostBasedAuthentication() =>
    [
        $"local replication {SuperUser} trust",
        .. _options.HostBasedAuthentication.Count == 0
            ? ["local all all trust", "host all all 127.0.0.1/32 trust"]
            : (IEnumerable<string>)[$"local all {SuperUser} trust", .. _options.HostBasedAuthentication],
    ];

    private static string CreateRole(PostgresRole role)
    {
        string name = role.Name.Replace("\"", "\"\"", StringComparison.Ordinal);
        string password = role.Password is null ? "" : $" PASSWORD '{role.Password.Replace("'", "''", StringComparison.Ordinal)}'";
        string encryption = role.PasswordEncryption is null ? "RESET password_encryption" : $"SET password_encryption = '{role.PasswordEncryption}'";
        return $"{encryption};\nCREATE ROLE \"{name}\" LOGIN{password};\n";
    }
}
