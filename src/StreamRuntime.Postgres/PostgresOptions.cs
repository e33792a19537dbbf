using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Connections;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres;

/// <summary>How to reach a PostgreSQL server and how to behave there. Immutable and safe to share.</summary>
/// <remarks>
/// <c>ConnectionString.Parse</c> makes one from what <c>psql</c> would take: a URI or key=value string, the <c>PG*</c> variables and the
/// password file. Names in parentheses below are libpq's.
/// </remarks>
public sealed record PostgresOptions
{
    /// <summary>The value of <see cref="SslRootCertificateFile"/> that is no file.</summary>
    internal const string SystemRoots = "system";

    // Without its type, which would load the framework's cryptography, a megabyte of it, wherever options are copied.
    private readonly object? _clientCertificate;

    /// <summary>
    /// The servers to try, in order (<c>host</c>, <c>port</c>). At least one. A query whose connection is lost before the query was executed is run on another of them; the
    /// one that was lost is tried last for 30 s. See also <see cref="RunsReadsAgain"/>.
    /// </summary>
    public IReadOnlyList<PostgresEndpoint> Endpoints { get; init; } = [PostgresEndpoint.Tcp("localhost", 5432)];

    /// <summary>Tries the servers in random order instead (<c>load_balance_hosts=random</c>). False by default.</summary>
    public bool LoadBalanceHosts { get; init; }

    /// <summary>The role to log in as (<c>user</c>). The operating system's user by default, as with libpq.</summary>
    public string User { get; init; } = Environment.UserName;

    /// <summary>The database (<c>dbname</c>). The user's name when null.</summary>
    public string? Database { get; init; }

    /// <summary>The password (<c>password</c>), used for every endpoint; null when none was given. See <see cref="PostgresEndpoint.Password"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Which server to accept (<c>target_session_attrs</c>). Any by default.</summary>
    public TargetSessionAttributes TargetSessionAttributes { get; init; }

    /// <summary>Whether and how to use TLS (<c>sslmode</c>). <see cref="SslMode.Prefer"/> by default, as with libpq. Ignored on Unix sockets.</summary>
    public SslMode SslMode { get; init; } = SslMode.Prefer;

    /// <summary>
    /// How TLS is begun (<c>sslnegotiation</c>): false asks PostgreSQL first, true starts TLS at once, which needs an <see cref="SslMode"/> of at least
    /// <see cref="SslMode.Require"/>. False by default.
    /// </summary>
    public bool SslDirect { get; init; }

    /// <summary>
    /// The TLS versions to offer (<c>ssl_min_protocol_version</c>, <c>ssl_max_protocol_version</c>). 1.2 and 1.3 by default, as with libpq;
    /// <see cref="SslProtocols.None"/> leaves it to the system.
    /// </summary>
    public SslProtocols TlsVersions { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>
    /// File of certificate authorities to trust, PEM (<c>sslrootcert</c>). Null by default: <see cref="SslMode.VerifyFull"/> then trusts the system's,
    /// <see cref="SslMode.VerifyCa"/> is refused, and the weaker modes check nothing. <c>system</c> names the system's, for VerifyFull alone.
    /// </summary>
    public string? SslRootCertificateFile { get; init; }

    /// <summary>Our certificate, PEM (<c>sslcert</c>); null for none.</summary>
    public string? SslCertificateFile { get; init; }

    /// <summary>Our certificate's private key, PEM (<c>sslkey</c>); null when it is in the certificate's file.</summary>
    public string? SslKeyFile { get; init; }

    /// <summary>The private key's password (<c>sslpassword</c>).</summary>
    public string? SslKeyPassword { get; init; }

    /// <summary>Our certificate, ready made; wins over the file.</summary>
    public X509Certificate2? ClientCertificate
    {
        get => (X509Certificate2?)_clientCertificate;
        init => _clientCertificate = value;
    }

    /// <summary>Whether SCRAM binds to the TLS channel (<c>channel_binding</c>). <see cref="ChannelBinding.Prefer"/> by default.</summary>
    public ChannelBinding ChannelBinding { get; init; } = ChannelBinding.Prefer;

    /// <summary>
    /// Which ways to authenticate we agree to (<c>require_auth</c>). By default SCRAM, trust, and certificates (which PostgreSQL reports as trust);
    /// MD5 and clear text only where they are named.
    /// </summary>
    public AuthenticationMethods AllowedAuthentication { get; init; } = AuthenticationMethods.ScramSha256 | AuthenticationMethods.None;

    /// <summary>The most SCRAM iterations we compute, refused above before any hashing. From 4 096 to 10 000 000; 100 000 by default (PostgreSQL's own default is 4 096).</summary>
    public int MaxScramIterations { get; init; } = 100_000;

    /// <summary>
    /// How long one connection attempt may take in all: name lookup, TCP, TLS, authentication (<c>connect_timeout</c>). 10 s by default;
    /// more than zero, or infinite.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The server's own limit on a statement, sent as a session parameter; null leaves the server's setting.</summary>
    public TimeSpan? StatementTimeout { get; init; }

    /// <summary>How long to wait for a cancelled query to end, reading what the server still sends, before the socket is closed. 2 s by default.</summary>
    public TimeSpan CancelTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How much of a cancelled result to read and drop before the socket is closed instead. 16 MiB by default; 0 or more.</summary>
    public long CancelDrainBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The name shown in <c>pg_stat_activity</c> (<c>application_name</c>); null sends none.</summary>
    public string? ApplicationName { get; init; } = "streamruntime";

    /// <summary>Command-line options for the server session (<c>options</c>); null sends none, which poolers such as pgbouncer need.</summary>
    public string? SessionOptions { get; init; }

    /// <summary>Further session parameters, sent at start-up in this order. None by default; pgbouncer refuses most of them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> SessionParameters { get; init; } = [];

    /// <summary>Whether TCP keep-alive is on (<c>keepalives</c>). True by default.</summary>
    public bool TcpKeepAlive { get; init; } = true;

    /// <summary>Idle time before the first keep-alive probe (<c>keepalives_idle</c>); null leaves the system's.</summary>
    public TimeSpan? TcpKeepAliveIdle { get; init; }

    /// <summary>Time between keep-alive probes (<c>keepalives_interval</c>); null leaves the system's.</summary>
    public TimeSpan? TcpKeepAliveInterval { get; init; }

    /// <summary>Unanswered probes before the connection counts as dead (<c>keepalives_count</c>); null leaves the system's.</summary>
    public int? TcpKeepAliveCount { get; init; }

    /// <summary>How long sent data may stay unacknowledged before the connection counts as dead (<c>tcp_user_timeout</c>, Linux); null leaves the system's.</summary>
    public TimeSpan? TcpUserTimeout { get; init; }

    /// <summary>What the connection string's reader left out and why, such as a password file that others can read; for showing to the user. Empty by default.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Called for every notice and warning the server sends, in order, on the reading thread; must be quick and must not throw. None by default.</summary>
    public Action<PostgresServerMessage>? OnNotice { get; init; }

    /// <summary>
    /// How connections are kept between streams. The pool's name, clock and logger are its own; see <see cref="ConnectionPoolOptions"/> for the defaults. One that is left
    /// with the default name is called <c>host:port/database</c>, by the first of <see cref="Endpoints"/>.
    /// </summary>
    public ConnectionPoolOptions Pool { get; init; } = ConnectionPoolOptions.Default;

    /// <summary>
    /// How often connecting is tried again before a stream fails. By default 3 attempts with about 0.1 and 0.2 s in between, and only where trying again can
    /// help: nobody was there, or the server is starting (57P03) or has no room (53300). Each attempt goes through all
    /// <see cref="Endpoints"/>, and <see cref="ConnectTimeout"/> limits each of these; a timeout is not tried again.
    /// </summary>
    public LinkOptions Link { get; init; } = new() { AttemptTimeout = Timeout.InfiniteTimeSpan, IsRetryable = CanHelpToRetry };

    /// <summary>How streams behave for which nothing else is said. <see cref="JsonRowStreamOptions.Default"/> by default.</summary>
    public JsonRowStreamOptions Streams { get; init; } = JsonRowStreamOptions.Default;

    /// <summary>
    /// Whether what a query left in its session (settings, temporary tables, locks) is taken back before the connection serves another, by
    /// <c>DISCARD ALL</c>. True by default; false saves the server some work where queries leave nothing. Behind a pooler that keeps sessions of its own, such
    /// as pgbouncer, true closes each connection after its use instead: only the pooler can reset its sessions.
    /// </summary>
    /// <remarks>
    /// Where the connection keeps prepared statements, all of <c>DISCARD ALL</c> is done but for dropping those and cached plans. SQL's own <c>PREPARE</c> is noticed
    /// as a statement, in <c>DO</c> and in <c>CALL</c>, and everything dropped; one that a function runs stays in the session.
    /// </remarks>
    public bool ResetsSessions { get; init; } = true;

    /// <summary>
    /// Whether the session of a connection whose last statement only read is reset no sooner than with its next query, in the same write. True by default: a short query
    /// then takes about a third less time than with a reset by itself. False resets every session as soon as its connection is returned.
    /// </summary>
    /// <remarks>
    /// What reads is said at <see cref="RunsReadsAgain"/>. After any other statement, and after the first on a connection, the reset goes out at the return, so that no
    /// lock, LISTEN or temporary table is held by a connection that nobody uses. Only what a view, an operator or a cast of your own has taken in a read, an
    /// advisory lock say, stays in the session until its connection is next used or is closed (<see cref="ConnectionPoolOptions.IdleTimeout"/>). Either way
    /// nothing runs in a session that was not reset: where the reset is refused, the server passes over the query behind it, which is then run on another connection.
    /// </remarks>
    public bool DefersSessionResets { get; init; } = true;

    /// <summary>
    /// How often a connection runs a statement before it has the server keep it prepared, and from then on sends the values alone. 5 by default, as with
    /// PostgreSQL's JDBC driver; 0 is never.
    /// </summary>
    /// <remarks>
    /// <para>
    /// A statement is its text and its parameters' types. Kept are SELECT, WITH, VALUES, TABLE, INSERT, UPDATE, DELETE and MERGE that give rows and are shorter than
    /// 16 Ki characters; no text with <c>'now'</c>, <c>'today'</c> and the like in it, which would stay the day it was prepared on; none with a star and a function
    /// that is not PostgreSQL's own, whose columns would stay what they were; and nothing where the server's process is another than the one we logged in to, as behind pgbouncer. Where a statement has gone, or its columns have changed, it is run as one that was
    /// never prepared, in the same call.
    /// </para>
    /// <para>
    /// PostgreSQL may run a prepared statement by a plan that was made for any values (<c>plan_cache_mode</c>), and a new table does not take the place of the one
    /// that was found when it was prepared, though it stands earlier in <c>search_path</c>.
    /// </para>
    /// </remarks>
    public int PrepareThreshold { get; init; } = 5;

    /// <summary>How many statements a connection keeps prepared; beyond that, the one that was not run for longest is closed. 100 by default; 1 or more. The nine by which a session is reset come on top.</summary>
    public int MaxPreparedStatements { get; init; } = 100;

    /// <summary>
    /// Whether a read that has been sent, and whose server is lost before the first row, is run again on another of <see cref="Endpoints"/>, each at most once. False by
    /// default, since nobody can tell then whether the first server ran it.
    /// </summary>
    /// <remarks>
    /// A read is a SELECT, WITH, VALUES or TABLE without INSERT, UPDATE, DELETE, MERGE or INTO, that calls no function but well-known ones of PostgreSQL's own which change
    /// nothing. What views, operators and casts do is not looked into. Any other statement fails with <see cref="ErrorKind.ConnectionLost"/>, as it may have been executed.
    /// </remarks>
    public bool RunsReadsAgain { get; init; }

    /// <summary>The clock. The system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>User, database and servers, for messages; never a password.</summary>
    public override string ToString() => $"{User}@{string.Join(',', Endpoints)}/{Database ?? User}";

    /// <summary>Says which option cannot be used, if one can't.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    /// <exception cref="ArgumentException">An option of <see cref="Link"/> or <see cref="Streams"/> is out of its range.</exception>
    public void Validate()
    {
        Check(Endpoints is { Count: > 0 }, "At least one host is needed.");
        Check(!string.IsNullOrEmpty(User), "A user name is needed (user, PGUSER).");
        Check(MaxScramIterations is >= 4096 and <= 10_000_000, "MaxScramIterations must be from 4096 to 10000000.");
        Check(IsTimeout(ConnectTimeout), "ConnectTimeout must be more than zero, or infinite.");
        Check(StatementTimeout is not { } limit || limit >= TimeSpan.Zero, "StatementTimeout must not be negative.");
        Check(CancelTimeout > TimeSpan.Zero && IsTimeout(CancelTimeout), "CancelTimeout must be more than zero, and finite.");
        Check(CancelDrainBytes >= 0, "CancelDrainBytes must not be negative.");
        Check(PrepareThreshold >= 0, "PrepareThreshold must not be negative.");
        Check(MaxPreparedStatements >= 1, "MaxPreparedStatements must be at least 1. PrepareThreshold 0 prepares nothing.");
        Check(
            !SslDirect || SslMode >= SslMode.Require,
            $"SslDirect (sslnegotiation=direct) needs an SslMode of at least Require: with {SslMode}, a server might be spoken to without TLS after all.");
        Check(
            SslRootCertificateFile != SystemRoots || SslMode == SslMode.VerifyFull,
            "SslRootCertificateFile is \"system\", which trusts every public authority, so SslMode must be VerifyFull, which checks the host's name too.");

        // The system's authorities would do for nothing here: one of their certificates, for any name at all, is had by anybody.
        Check(
            SslMode != SslMode.VerifyCa || !string.IsNullOrEmpty(SslRootCertificateFile) || Endpoints.All(endpoint => endpoint.IsUnixSocket),
            "SslMode VerifyCa needs SslRootCertificateFile (sslrootcert), a file of the authorities to trust. VerifyFull does without: it checks the host's name too.");
        Check(SslMode != SslMode.Disable || ChannelBinding != ChannelBinding.Require, "channel_binding=require needs TLS, but sslmode is disable.");
        ArgumentNullException.ThrowIfNull(Pool);
        Pool.Validate();
        ArgumentNullException.ThrowIfNull(Link);
        Link.Validate();
        ArgumentNullException.ThrowIfNull(Streams);
        Streams.Validate();
        foreach ((string name, string value) in SessionParameters)
        {
            Check(!name.Contains('\0', StringComparison.Ordinal) && !value.Contains('\0', StringComparison.Ordinal), "Session parameters must not hold a NUL.");
        }

        Check(!(User + Database + ApplicationName + SessionOptions).Contains('\0', StringComparison.Ordinal), "Names and options must not hold a NUL.");
    }

    private static bool CanHelpToRetry(Exception failure) => failure switch
    {
        PostgresServerException server => server.SqlState is "57P03" or "53300",
        StreamRuntimeException { Kind: ErrorKind.ConnectFailed, InnerException: { } inner } => WasNobodyThere(inner),
        _ => false,
    };

    // A server that answers and then hangs up is not asked again: it may well let the next attempt wait for ever.
    private static bool WasNobodyThere(Exception cause) => cause switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown } => true,
        AggregateException many => many.InnerExceptions.All(CanHelpToRetry),
        _ => false,
    };

    private static bool IsTimeout(TimeSpan value) =>
        value == Timeout.InfiniteTimeSpan || (value > TimeSpan.Zero && value.TotalMilliseconds < uint.MaxValue);

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, message);
        }
    }
}

/// <summary>Whether and how to use TLS, weakest to strongest. Values are never renumbered.</summary>
public enum SslMode : byte
{
    /// <summary>Never.</summary>
    Disable = 0,

    /// <summary>Without first, with TLS if the server insists.</summary>
    Allow = 1,

    /// <summary>With TLS if the server offers it, else without. The certificate is not checked.</summary>
    Prefer = 2,

    /// <summary>Only with TLS. The certificate is checked when a root certificate file is given, as libpq does.</summary>
    Require = 3,

    /// <summary>Only with TLS and a certificate from an authority in <see cref="PostgresOptions.SslRootCertificateFile"/>, made out to any name.</summary>
    VerifyCa = 4,

    /// <summary>Only with TLS and a trusted certificate made out to the host we asked for.</summary>
    VerifyFull = 5,
}

/// <summary>Whether SCRAM binds to the TLS channel. Values are never renumbered.</summary>
public enum ChannelBinding : byte
{
    /// <summary>Never.</summary>
    Disable = 0,

    /// <summary>Where the server offers it.</summary>
    Prefer = 1,

    /// <summary>Always; any other authentication is refused.</summary>
    Require = 2,
}

/// <summary>Which server of several is acceptable. Values are never renumbered.</summary>
public enum TargetSessionAttributes : byte
{
    /// <summary>The first that answers.</summary>
    Any = 0,

    /// <summary>One that accepts writes.</summary>
    ReadWrite = 1,

    /// <summary>One that does not accept writes.</summary>
    ReadOnly = 2,

    /// <summary>One that is not a standby.</summary>
    Primary = 3,

    /// <summary>A standby.</summary>
    Standby = 4,

    /// <summary>A standby if there is one, else any.</summary>
    PreferStandby = 5,
}

/// <summary>Ways to authenticate. Values are never renumbered.</summary>
[Flags]
public enum AuthenticationMethods : byte
{
    /// <summary>The server asks for nothing: trust, peer, or a client certificate.</summary>
    None = 1,

    /// <summary>SCRAM-SHA-256, with or without channel binding.</summary>
    ScramSha256 = 2,

    /// <summary>MD5 challenge: weak, to be named to be used.</summary>
    Md5 = 4,

    /// <summary>The password in clear: only to be named where the channel is trusted.</summary>
    ClearText = 8,
}
