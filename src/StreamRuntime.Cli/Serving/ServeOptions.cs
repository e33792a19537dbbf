using System.Net;
using Microsoft.Extensions.Configuration;
using StreamRuntime.AspNetCore;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Connections;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Serving;

/// <summary>What <c>streamrt serve</c> was asked to do: the command line, over environment variables, over the configuration file.</summary>
internal sealed record ServeOptions
{
    public const string DefaultUrls = "http://127.0.0.1:8080";

    public static CommandSpec Command { get; } = new(
        "serve",
        "streamrt serve --source URI --endpoint NAME=SQL [options]",
        "Publishes named queries: any number of HTTP and WebSocket clients take their rows at their own pace, and pause and resume them.",
        [
            new("--source", "URI", SourceUri.Allowed),
            new("--endpoint", "NAME=SQL", "serves the rows of the SQL at /rows/NAME; each :placeholder is a required query parameter;\nrepeatable; only a NAME for sources without SQL", IsRepeatable: true),
            new("--key", "NAME=COLUMNS", "orders an endpoint's rows by these columns of its result, unique and not null, so that it can be continued: clients are sent\nresume tokens, and a paused stream can give its connection back; repeatable (PostgreSQL)", IsRepeatable: true),
            new("--resume-keys", "WHERE", "where the keys of resume tokens are, for all nodes that read each other's: a folder, or postgres for the table\nstreamruntime_keys of the source; whoever can read them there can make tokens (default: in memory, gone at the end)"),
            new("--resume-lifetime", "TIME", "how long a client may come back with a token (default: 24h)"),
            new("--checkpoint-rows", "N", $"after how many rows a client is sent the next token (default: {StreamGatewayOptions.Default.CheckpointRows})"),
            new("--checkpoint-time", "TIME", "after how much time, if there were fewer (default: 1s)"),
            new("--park-after", "TIME", "after how long a pause a stream that can be continued gives its connection back (default: 30s)"),
            new("--urls", "URLS", $"where to listen, separated by semicolons (default: {DefaultUrls})"),
            new("--config", "FILE", "a JSON file with the same settings in a section \"Serve\" (default: appsettings.json, where there is one)"),
            new("--no-page", null, "leaves out the page at / that lists the endpoints and runs them"),
            new("--token-file", "FILE", "asks every client for one of the bearer tokens in the file, one a line"),
            new("--admin-token-file", "FILE", "opens /sessions, where streams are listed, paused, resumed and closed, to these bearer tokens"),
            new("--pool-size", "N", $"the most connections to the database (default: {ConnectionPoolOptions.Default.MaxSize})"),
            new("--pool-timeout", "TIME", $"how long a request waits for one of them before it is refused (default: {ConnectionPoolOptions.Default.LeaseTimeout.TotalSeconds:0}s)"),
            new("--max-connections", "N", $"the most results and WebSockets at once (default: {StreamGatewayOptions.Default.MaxConnections})"),
            new("--max-connections-per-address", "N", $"the most of one client address (default: {StreamGatewayOptions.Default.MaxConnectionsPerAddress})"),
            new("--max-streams", "N", $"the most streams that run at once (default: {StreamGatewayOptions.Default.MaxRunningStreams})"),
            new("--max-paused", "N", $"the most paused streams (default: {StreamGatewayOptions.Default.MaxPausedStreams})"),
            new("--trusted-proxy", "CIDR", "believes X-Forwarded-For from these addresses; repeatable", IsRepeatable: true),
            new("--allowed-origin", "ORIGIN", "lets pages of this origin open WebSockets, * for all; repeatable (default: our own)", IsRepeatable: true),
            new("--handshake-timeout", "TIME", "until a request is complete or a WebSocket open (default: 10s)"),
            new("--idle-timeout", "TIME", "closes a WebSocket that carries no data for that long (default: 60s)"),
            new("--ping-interval", "TIME", "how often WebSockets are pinged (default: 15s)"),
            new("--pong-timeout", "TIME", "how long the answer may take (default: 30s)"),
            new("--unread-timeout", "TIME", "cuts off a client that takes nothing of the rest of a finished result for that long (default: 60s)"),
            new("--pause-timeout", "TIME", "resumes a stream that was paused for longer (default: never)"),
            new("--drain-time", "TIME", "how long results may still run when told to end; 0 for not at all (default: 5s)"),
            new("--shutdown-timeout", "TIME", "how long ending may take in all; 0 cuts everything off at once (default: 30s)"),
            new("--max-buffer", "SIZE", $"how much is received ahead for each stream (default: {JsonRowStreamOptions.Default.MaxBufferedBytes / 1024}KiB)"),
            new("--max-row", "SIZE", "the largest row (default: 64MiB)"),
            new("--log-format", "FORMAT", "text (default) or json, on standard error"),
            new("--log-level", "LEVEL", "debug, information (default), warning or error"),
        ],
        """
        TIME is a number with ms, s, m or h, more than zero where nothing else is said; SIZE is bytes, or a number with k, m or g (powers of 1024).
        Every option can be given as an environment variable, STREAMRT_SERVE__MAX_STREAMS=100 for --max-streams, and in the configuration file, as
        {"Serve": {"source": "…", "max-streams": 100, "endpoints": {"orders": "select …", "order": {"sql": "select … where id = :id", "key": "id",
        "parameters": {"id": {"type": "LargeNumber"}, "unit": {"required": false, "default": "kg"}}}}}}
        The command line wins over variables, and variables over the file, which may also hold ASP.NET Core's own sections, such as Kestrel's certificates.
        The signal TERM drains and exits with 0: nothing new is accepted, results may finish for --drain-time, WebSockets are closed with 1001.
        Exit codes: 0 ended, 1 the address can't be listened on, 2 wrong usage, 130 interrupted.

        examples:
          streamrt serve --source sample:rows=1000000
          streamrt serve --source postgres://localhost/shop --endpoint "orders=select data from orders where id > :id"
          streamrt serve --source postgres://localhost/shop --endpoint "orders=select data, id from orders" --key orders=id --resume-keys postgres
        """);

    public required SourceUri Source { get; init; }

    public IReadOnlyList<EndpointSetting> Endpoints { get; init; } = [];

    public string Urls { get; init; } = DefaultUrls;

    public bool HasPage { get; init; }

    public TokenFile? Tokens { get; init; }

    public TokenFile? AdminTokens { get; init; }

    /// <summary>Where the keys of resume tokens are; null for none that outlast the process.</summary>
    public string? ResumeKeys { get; init; }

    public int PoolSize { get; init; }

    public TimeSpan PoolTimeout { get; init; }

    public LogSetting Log { get; init; }

    public StreamGatewayOptions Gateway { get; init; } = StreamGatewayOptions.Default;

    public JsonRowStreamOptions Stream { get; init; } = JsonRowStreamOptions.Default;

    /// <summary>All of the configuration, for what ASP.NET Core reads of it itself.</summary>
    public required IConfiguration Configuration { get; init; }

    /// <exception cref="UsageException">Something does not make sense; the message says what is allowed.</exception>
    public static ServeOptions Read(ParsedArguments arguments)
    {
        if (arguments.Others.Count > 0)
        {
            throw new UsageException($"'{arguments.Others[0]}' is not expected: SQL belongs to an endpoint, as in --endpoint \"orders=select …\".");
        }

        var settings = ServeSettings.Load(Command, arguments);
        SourceUri source = SourceUri.Parse(settings.Get("--source") ?? throw new UsageException($"--source is needed: {SourceUri.Allowed}."));
        if (source.Kind == SourceKind.StandardInput)
        {
            throw new UsageException("Standard input can be read once, so it can't be served. Use file:PATH.");
        }

        IReadOnlyList<EndpointSetting> endpoints = EndpointSetting.ReadAll(settings, source.Kind);
        string? resumeKeys = settings.Get("--resume-keys");
        if (resumeKeys == KeyRing.InPostgres && source.Kind != SourceKind.Postgres)
        {
            throw new UsageException("--resume-keys postgres is for a PostgreSQL source. Name a folder.");
        }

        bool hasTokens = resumeKeys is not null || endpoints.Any(e => e.Key is not null);
        StreamGatewayOptions gateway = Gateways(settings, hasTokens);
        return new ServeOptions
        {
            Source = source,
            Endpoints = endpoints,
            Urls = settings.Get("--urls") ?? DefaultUrls,
            HasPage = !settings.Has("--no-page"),
            Tokens = settings.Get("--token-file") is { } tokens ? TokenFile.Read("--token-file", tokens) : null,
            AdminTokens = settings.Get("--admin-token-file") is { } admins ? TokenFile.Read("--admin-token-file", admins) : null,
            ResumeKeys = resumeKeys,
            PoolSize = settings.Count("--pool-size", ConnectionPoolOptions.Default.MaxSize, least: 1),
            PoolTimeout = settings.Time("--pool-timeout", ConnectionPoolOptions.Default.LeaseTimeout),
            Log = LogSetting.Read(settings),
            Gateway = gateway,
            Stream = JsonRowStreamOptions.Default with
            {
                MaxBufferedBytes = settings.Size(
                    "--max-buffer", JsonRowStreamOptions.Default.MaxBufferedBytes, JsonRowStreamOptions.SmallestMaxBufferedBytes, 1024 * 1024 * 1024),
                MaxRowBytes = settings.Size("--max-row", JsonRowStreamOptions.Default.MaxRowBytes, 1, JsonRowStreamOptions.LargestMaxRowBytes),
            },
            Configuration = settings.Configuration,
        };
    }

    private static StreamGatewayOptions Gateways(ServeSettings settings, bool hasTokens)
    {
        StreamGatewayOptions defaults = StreamGatewayOptions.Default;
        var options = defaults with
        {
            MaxConnections = settings.Count("--max-connections", defaults.MaxConnections, least: 1),
            MaxConnectionsPerAddress = settings.Count("--max-connections-per-address", defaults.MaxConnectionsPerAddress, least: 1),
            MaxRunningStreams = settings.Count("--max-streams", defaults.MaxRunningStreams, least: 1),
            MaxPausedStreams = settings.Count("--max-paused", defaults.MaxPausedStreams, least: 0),
            TrustedProxies = [.. settings.GetAll("--trusted-proxy").Select(Network)],
            AllowedOrigins = [.. settings.GetAll("--allowed-origin")],
            HandshakeTimeout = settings.Time("--handshake-timeout", defaults.HandshakeTimeout),
            IdleTimeout = settings.Time("--idle-timeout", defaults.IdleTimeout),
            PingInterval = settings.Time("--ping-interval", defaults.PingInterval),
            PongTimeout = settings.Time("--pong-timeout", defaults.PongTimeout),
            UnreadTimeout = settings.Time("--unread-timeout", defaults.UnreadTimeout),
            PauseTimeout = settings.Time("--pause-timeout", defaults.PauseTimeout),
            ParkAfter = settings.Time("--park-after", defaults.ParkAfter),
            ResumeTokenLifetime = hasTokens ? settings.Time("--resume-lifetime", TimeSpan.FromHours(24)) : null,
            CheckpointRows = settings.Count("--checkpoint-rows", defaults.CheckpointRows, least: 1),
            CheckpointInterval = settings.Time("--checkpoint-time", defaults.CheckpointInterval),
            DrainTime = settings.Time("--drain-time", defaults.DrainTime, mayBeZero: true),
            ShutdownTimeout = settings.Time("--shutdown-timeout", defaults.ShutdownTimeout, mayBeZero: true),
        };
        options.Validate();
        return options;
    }

    private static IPNetwork Network(string text) =>
        IPNetwork.TryParse(text, out IPNetwork network) ? network
        : IPAddress.TryParse(text, out IPAddress? address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw new UsageException($"--trusted-proxy takes an address or a network such as 10.0.0.0/8, not '{text}'.");
}
