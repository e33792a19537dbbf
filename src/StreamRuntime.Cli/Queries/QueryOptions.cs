using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Filtering;
using StreamRuntime.Cli.SafeExports;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Queries;

/// <summary>What <c>streamrt query</c> was asked to do.</summary>
internal sealed record QueryOptions
{
    public static CommandSpec Command { get; } = new(
        "query",
        "streamrt query --source URI [SQL] [options]",
        "Streams the rows of a query, each one JSON value, to standard output.",
        [
            new("--source", "URI", SourceUri.Allowed),
            new("--param", "NAME=VALUE", "a value for :NAME in the SQL (or for $1 with 1=VALUE); repeatable", IsRepeatable: true),
            new("--key", "COLUMNS", "orders the rows by these columns of the result, as in 'created_at desc, id': unique and not null, by which a query\ncan be continued; with --parallel, by which it is cut (PostgreSQL)"),
            new("--state", "FILE", "keeps there how far --output is: killed at any instant, the same command goes on where it was;\nneeds --output, and --key or file:PATH"),
            new("--checkpoint-time", "TIME", "how often --state is brought up to date (default: 1s)"),
            new("--checkpoint-size", "SIZE", "after how much output it is, if that comes first (default: 16MiB)"),
            new("--resume", "TOKEN", "begins after the row where the token was made"),
            new("--print-token", null, "prints the token of the place after the last row written to standard error at the end"),
            new("--token-key", "FILE", $"the key of tokens: 32 bytes in base64 (default: the variable {TokenKey.Variable})"),
            new("--format", "FORMAT", "ndjson (default: one row a line), array (one JSON array) or sse (server-sent events)"),
            new("--output", "FILE", "writes there instead of to standard output"),
            new("--where", "PATH=VALUE", "keeps rows whose JSON has that value there, as in .user.name=anna or tags[0]=5;\nrepeatable, all must hold", IsRepeatable: true),
            new("--parallel", "K", "reads over K backends that see the same snapshot (PostgreSQL): a plain read of one table,\nor with --key any query; rows come in no order without --key"),
            new("--unordered", null, "cuts by the key and doesn't keep its order, which needs less memory and no sorting"),
            new("--limit", "N", "stops after N rows and cancels the query on the server"),
            new("--progress", "WHEN", "auto (default: on a terminal), always or never"),
            new("--stats", null, "prints one line of JSON about the stream to standard error at the end"),
            new("--pool", null, "adds the connections' figures to --stats (PostgreSQL)"),
            new("--pause-after", "ROWS", "pauses by itself after exactly that many rows, for as long as --pause-for says"),
            new("--pause-for", "TIME", "how long that pause lasts"),
            new("--pause-timeout", "TIME", "resumes by itself from any pause that lasts longer (default: never)"),
            new("--progress-timeout", "TIME", "fails when the source sends nothing for that long while it is waited for\n(default: 30s; never for standard input)"),
            new("--total-timeout", "TIME", "fails when the source was waited for longer than that in all (default: never)"),
            new("--max-buffer", "SIZE", $"how much is received ahead (default: {JsonRowStreamOptions.Default.MaxBufferedBytes / 1024}KiB)"),
            new("--max-row", "SIZE", "the largest row (default: 64MiB)"),
            new("--raw-text", null, "passes rows through that are not valid UTF-8 or hold a NUL"),
        ],
        """
        TIME is a number with ms, s, m or h; SIZE is bytes, or a number with k, m or g (powers of 1024).
        While it runs: space pauses and resumes and q cancels, on a terminal; the signal USR1 pauses and USR2 resumes;
        Ctrl-C cancels the query on the server, finishes the row at hand and exits with 130.
        A closed output pipe (| head) ends the query on the server and exits quietly with 0.
        With --parallel the rows are those of one moment, each once. Without --key the SQL is 'select columns from table' with or without where, and
        PostgreSQL 14 or later; with --key it must give the same rows whenever it is run in one moment (no random(), no limit without an order), and
        the key's first column should have an index. A standby will do, and a pooler whose pool has K connections; all must lead to one server.
        A source may name several servers, as in postgres://h1:5432,h2:5433/shop, tried in that order. When one is lost before the
        first row, the query goes to the next: any statement that had not been sent to run, and after that a plain read, which changes
        nothing (select, with, values or table that calls none but PostgreSQL's well-known functions). What else was sent may have been
        run, so it fails with 1; so does every query that is lost after its first row. A server that accepts and does not answer is
        given up after connect_timeout (default: 10s), as in postgres://h1,h2/shop?connect_timeout=3.
        Exit codes: 0 done, 1 the source or the destination failed, 2 wrong usage, 130 interrupted.

        examples:
          streamrt query --source postgres://localhost/shop "select data from orders where id > :id" --param id=100
          streamrt query --source postgres://localhost/shop --parallel 4 --key id "select id, data from orders where total > 100" > rows.ndjson
          streamrt query --source sample:rows=1000000 --where value=42 --stats > rows.ndjson
          streamrt query --source postgres://localhost/shop "select data, id from orders" --key id --output orders.ndjson --state orders.state
        """);

    public required SourceUri Source { get; init; }

    public string? Sql { get; init; }

    public IReadOnlyList<KeyValuePair<string, string?>> Parameters { get; init; } = [];

    /// <summary>How it is read over several backends; null for a query that runs as it is.</summary>
    public ParallelReadOptions? Parallel { get; init; }

    public RowFormat Format { get; init; }

    public string? OutputPath { get; init; }

    /// <summary>The columns by which the rows are ordered and found again; null for none.</summary>
    public string? Key { get; init; }

    /// <summary>How the output survives a crash; null when it need not.</summary>
    public SafeExportOptions? Export { get; init; }

    public bool PrintsToken { get; init; }

    public long? Limit { get; init; }

    public ProgressMode Progress { get; init; }

    public bool Statistics { get; init; }

    public bool PoolStatistics { get; init; }

    public long? PauseAfter { get; init; }

    public TimeSpan PauseFor { get; init; }

    public JsonRowStreamOptions Stream { get; init; } = JsonRowStreamOptions.Default;

    /// <exception cref="UsageException">They don't make sense; the message says what is allowed.</exception>
    public static QueryOptions From(ParsedArguments arguments)
    {
        SourceUri source = SourceUri.Parse(arguments.Get("--source") ?? throw new UsageException($"--source is needed: {SourceUri.Allowed}."));
        if (arguments.Others.Count > 1)
        {
            throw new UsageException("One SQL text is taken, so put it in quotes.");
        }

        string? sql = arguments.Others.Count == 1 ? arguments.Others[0] : null;
        KeyValuePair<string, string?>[] parameters = arguments.Has("--param") ? [.. arguments.GetAll("--param").Select(Parameter)] : [];
        if (source.Kind == SourceKind.Postgres && string.IsNullOrWhiteSpace(sql))
        {
            throw new UsageException("A PostgreSQL source needs an SQL text: streamrt query --source URI \"select …\"");
        }

        if (source.Kind != SourceKind.Postgres && (sql is not null || parameters.Length > 0))
        {
            throw new UsageException("Only a PostgreSQL source takes SQL and parameters.");
        }

        if (arguments.Has("--pool") && (source.Kind != SourceKind.Postgres || !arguments.Has("--stats")))
        {
            throw new UsageException("--pool adds to --stats, and only a PostgreSQL source has connections.");
        }

        if (arguments.Has("--key") && source.Kind != SourceKind.Postgres)
        {
            throw new UsageException("Only a PostgreSQL source takes --key; a file is continued without one.");
        }

        bool hasPauseAfter = arguments.Has("--pause-after");
        if (hasPauseAfter != arguments.Has("--pause-for"))
        {
            throw new UsageException("--pause-after ROWS and --pause-for TIME go together.");
        }

        RowFormat format = ParseFormat(arguments.Get("--format"));
        return new QueryOptions
        {
            Source = source,
            Sql = sql,
            Parameters = parameters,
            Parallel = ParseParallel(arguments, source),
            Format = format,
            OutputPath = arguments.Get("--output"),
            Key = arguments.Has("--parallel") ? null : arguments.Get("--key"),
            Export = SafeExportOptions.From(arguments, source, sql, format),
            PrintsToken = arguments.Has("--print-token"),
            Limit = arguments.Get("--limit") is { } limit ? Quantity.Count("--limit", limit) : null,
            Progress = ParseProgress(arguments.Get("--progress")),
            Statistics = arguments.Has("--stats"),
            PoolStatistics = arguments.Has("--pool"),
            PauseAfter = arguments.Get("--pause-after") is { } rows ? Quantity.Count("--pause-after", rows) : null,
            PauseFor = hasPauseAfter ? Quantity.Time("--pause-for", arguments.Get("--pause-for")!) : TimeSpan.Zero,
            Stream = StreamOptions(arguments, source),
        };
    }

    /// <summary>Reads <c>--parallel</c>, <c>--key</c> and <c>--unordered</c>.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="source">What is read.</param>
    /// <param name="otherwise">How many backends where none are given; null where that means a query that runs as it is.</param>
    /// <exception cref="UsageException">They don't make sense.</exception>
    internal static ParallelReadOptions? ParseParallel(ParsedArguments arguments, SourceUri source, int? otherwise = null)
    {
        bool hasKey = arguments.Has("--key");
        if (!arguments.Has("--parallel") && otherwise is null)
        {
            return arguments.Has("--unordered") ? throw new UsageException("--unordered goes with --parallel K.") : null;
        }

        if (source.Kind != SourceKind.Postgres)
        {
            throw new UsageException("Only a PostgreSQL source is read in parallel.");
        }

        if (arguments.Has("--unordered") && !hasKey)
        {
            throw new UsageException("Without --key rows come in no order anyway; --unordered goes with it.");
        }

        long backends = arguments.Get("--parallel") is { } text ? Quantity.Count("--parallel", text) : otherwise!.Value;
        if (backends is < 1 or > 64)
        {
            throw new UsageException($"--parallel takes a number from 1 to 64, not '{backends}'.");
        }

        return new ParallelReadOptions { Backends = (int)backends, Key = arguments.Get("--key"), InKeyOrder = !arguments.Has("--unordered") };
    }

    /// <summary>Reads the options that every stream has.</summary>
    /// <exception cref="UsageException">They don't make sense.</exception>
    internal static JsonRowStreamOptions StreamOptions(ParsedArguments arguments, SourceUri source)
    {
        JsonRowStreamOptions defaults = JsonRowStreamOptions.Default;

        // Standard input may be a log that somebody follows: silence there is normal.
        TimeSpan progress = source.Kind == SourceKind.StandardInput ? Timeout.InfiniteTimeSpan : defaults.ProgressTimeout;
        return defaults with
        {
            MaxBufferedBytes = Size(arguments, "--max-buffer", JsonRowStreamOptions.SmallestMaxBufferedBytes, 1024 * 1024 * 1024, defaults.MaxBufferedBytes),
            MaxRowBytes = Size(arguments, "--max-row", 1, JsonRowStreamOptions.LargestMaxRowBytes, defaults.MaxRowBytes),
            PauseTimeout = Time(arguments, "--pause-timeout", defaults.PauseTimeout),
            ProgressTimeout = Time(arguments, "--progress-timeout", progress),
            TotalTimeout = Time(arguments, "--total-timeout", defaults.TotalTimeout),
            AllowInvalidText = arguments.Has("--raw-text"),
            Where = arguments.Has("--where") ? Where(arguments) : null,
            ResumeTokens = UsesTokens(arguments, source) ? TokenKey.Read(arguments.Get("--token-key")) : null,
            ResumeFrom = arguments.Get("--resume"),
        };
    }

    private static bool UsesTokens(ParsedArguments arguments, SourceUri source)
    {
        if (!arguments.Has("--resume") && !arguments.Has("--print-token"))
        {
            return arguments.Has("--token-key") ? throw new UsageException("--token-key is for --resume and --print-token.") : false;
        }

        return source.Kind switch
        {
            // What does not go with --state is said there, with the reason.
            _ when arguments.Has("--state") => false,
            _ when arguments.Has("--parallel") => throw new UsageException("Tokens don't go with --parallel: each backend has a place of its own."),
            SourceKind.Postgres when !arguments.Has("--key") => throw new UsageException("Tokens need --key COLUMNS: unique, not null columns of the result, by which the place in it is found again."),
            SourceKind.StandardInput or SourceKind.Sample => throw new UsageException("Tokens need a source that can be continued: a PostgreSQL query with --key, or file:PATH."),
            _ => true,
        };
    }

    private static RowPredicate Where(ParsedArguments arguments)
    {
        try
        {
            return RowFilter.Make(arguments.GetAll("--where"));
        }
        catch (FormatException failure)
        {
            throw new UsageException(failure.Message);
        }
    }

    private static int Size(ParsedArguments arguments, string name, int least, int most, int otherwise) =>
        arguments.Get(name) is { } text ? Quantity.Size(name, text, least, most) : otherwise;

    private static TimeSpan Time(ParsedArguments arguments, string name, TimeSpan otherwise) =>
        arguments.Get(name) is { } text ? Quantity.Time(name, text) : otherwise;

    internal static RowFormat ParseFormat(string? text) => text switch
    {
        null or "ndjson" => RowFormat.Ndjson,
        "array" => RowFormat.JsonArray,
        "sse" => RowFormat.ServerSentEvents,
        _ => throw new UsageException($"--format is ndjson, array or sse, not '{text}'."),
    };

    internal static ProgressMode ParseProgress(string? text) => text switch
    {
        null or "auto" => ProgressMode.Auto,
        "always" => ProgressMode.Always,
        "never" => ProgressMode.Never,
        _ => throw new UsageException($"--progress is auto, always or never, not '{text}'."),
    };

    private static KeyValuePair<string, string?> Parameter(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new(text[..equals].TrimStart(':'), text[(equals + 1)..])
            : throw new UsageException($"--param takes NAME=VALUE, not '{text}'.");
    }
}
