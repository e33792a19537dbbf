namespace StreamRuntime.TestKit.Servers;

/// <summary>How a private PostgreSQL cluster is set up.</summary>
public sealed record PostgresClusterOptions
{
    /// <summary>Further lines of <c>postgresql.conf</c>; they win over ours.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>
    /// Lines of <c>pg_hba.conf</c> after one that lets <c>postgres</c> in through the Unix socket. Everybody is trusted when there are none.
    /// </summary>
    public IReadOnlyList<string> HostBasedAuthentication { get; init; } = [];

    /// <summary>Whether the server offers TLS, with certificates of its own authority; see <see cref="PostgresCluster.Tls"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>How passwords are stored: <c>scram-sha-256</c> or <c>md5</c>.</summary>
    public string PasswordEncryption { get; init; } = "scram-sha-256";

    /// <summary>Roles to create, all allowed to log in.</summary>
    public IReadOnlyList<PostgresRole> Roles { get; init; } = [];

    /// <summary>Whether the cluster stays in recovery, as a hot standby without a primary: it serves reads only.</summary>
    public bool Standby { get; init; }

    /// <summary>The running cluster to copy and to stream from, as its hot standby; see <see cref="PostgresCluster.PromoteAsync"/>. None when null.</summary>
    public PostgresCluster? Primary { get; init; }
}

/// <summary>A role to create.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Password">Its password, or null for none.</param>
/// <param name="PasswordEncryption">How its password is stored; the cluster's way when null.</param>
public sealed record PostgresRole(string Name, string? Password = null, string? PasswordEncryption = null);

/// <summary>How a cluster is stopped.</summary>
public enum PostgresStopMode
{
    /// <summary>Waits until every client has left.</summary>
    Smart,

    /// <summary>Ends every session, then writes a checkpoint.</summary>
    Fast,

    /// <summary>Ends at once, to recover at the next start.</summary>
    Immediate,

    /// <summary>SIGKILL to the main process: a crash.</summary>
    Kill,
}
