using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Queries;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Exports;

/// <summary>What <c>streamrt export</c> was asked to do.</summary>
internal sealed record ExportOptions
{
    public static CommandSpec Command { get; } = new(
        "export",
        "streamrt export TABLE --source URI [options]",
        "Writes the rows of a PostgreSQL table, each one JSON value, over several backends that see the same snapshot.",
        [
            new("--source", "URI", "postgres://user@host:port/db?sslmode=… (or a key=value string)"),
            new("--parallel", "K", "how many backends read at the same time (default: 2)"),
            new("--columns", "A,B", "only those columns (default: all)"),
            new("--key", "COLUMNS", "cuts the table by that key and keeps its order, as in 'created_at desc, id'"),
            new("--unordered", null, "cuts by the key and doesn't keep its order, which needs less memory and no sorting"),
            new("--output", "FILE|DIR", "writes there instead of to standard output; with a folder, or a path that ends in /, each backend\nwrites a file of its own: TABLE-1.ndjson and so on, in no order among them"),
            new("--format", "FORMAT", "ndjson (default: one row a line), array (one JSON array) or sse (server-sent events)"),
            new("--progress", "WHEN", "auto (default: on a terminal), always or never: of all and of each partition, with the time left as\nthe table's statistics have it"),
            new("--stats", null, "prints one line of JSON about the rows to standard error at the end"),
            new("--pause-timeout", "TIME", "resumes by itself from any pause that lasts longer (default: never)"),
            new("--progress-timeout", "TIME", "fails when the server sends nothing for that long while it is waited for (default: 30s)"),
            new("--total-timeout", "TIME", "fails when the server was waited for longer than that in all (default: never)"),
            new("--max-buffer", "SIZE", $"how much is received ahead from each backend (default: {JsonRowStreamOptions.Default.MaxBufferedBytes / 1024}KiB)"),
            new("--max-row", "SIZE", "the largest row (default: 64MiB)"),
            new("--raw-text", null, "passes rows through that are not valid UTF-8 or hold a NUL"),
        ],
        """
        A column that holds JSON and is alone is written as it is; so is one that is alone beside the key's. Otherwise a row is an object of its columns.
        Partitioned tables and tables with heirs are read with all of theirs. Views need --key, as does PostgreSQL before version 14.
        A standby will do, and a pooler whose pool has K connections; all connections must lead to one server.
        While it runs, the server keeps the snapshot. Space pauses and resumes and q cancels, on a terminal; the signal USR1 pauses and USR2 resumes; Ctrl-C
        ends all backends, finishes the row at hand and exits with 130. What was written stays, so look at the exit code:
        0 done, 1 the source or the destination failed, 2 wrong usage, 130 interrupted.

        examples:
          streamrt export orders --source postgres://localhost/shop --parallel 4 --output orders.ndjson
          streamrt export orders --source postgres://localhost/shop --parallel 4 --key id --output orders/
        """);

    public required SourceUri Source { get; init; }

    /// <summary>The table's name as given.</summary>
    public required string Table { get; init; }

    public required string Sql { get; init; }

    public required ParallelReadOptions Parallel { get; init; }

    public RowFormat Format { get; init; }

    public string? OutputPath { get; init; }

    public ProgressMode Progress { get; init; }

    public bool Statistics { get; init; }

    public JsonRowStreamOptions Stream { get; init; } = JsonRowStreamOptions.Default;

    /// <summary>True when each backend writes a file of its own.</summary>
    public bool IsToFolder => OutputPath is { } path && (Path.EndsInDirectorySeparator(path) || Directory.Exists(path));

    /// <exception cref="UsageException">They don't make sense; the message says what is allowed.</exception>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: the table's name or a column's is none.</exception>
    public static ExportOptions From(ParsedArguments arguments)
    {
        var source = SourceUri.Parse(arguments.Get("--source") ?? throw new UsageException("--source is needed: postgres://user@host:port/db."));
        if (source.Kind != SourceKind.Postgres)
        {
            throw new UsageException("Only a PostgreSQL source has tables: postgres://user@host:port/db.");
        }

        if (arguments.Others.Count != 1)
        {
            throw new UsageException("One table is exported: streamrt export TABLE --source URI");
        }

        string[] columns = arguments.Get("--columns")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        ParallelReadOptions parallel = QueryOptions.ParseParallel(arguments, source, ParallelReadOptions.Default.Backends)!;
        var options = new ExportOptions
        {
            Source = source,
            Table = arguments.Others[0],
            Sql = PostgresQuery.FromTable(arguments.Others[0], columns).Text,
            Parallel = parallel,
            Format = QueryOptions.ParseFormat(arguments.Get("--format")),
            OutputPath = arguments.Get("--output"),
            Progress = QueryOptions.ParseProgress(arguments.Get("--progress")),
            Statistics = arguments.Has("--stats"),
            Stream = QueryOptions.StreamOptions(arguments, source),
        };
        return options with { Parallel = parallel with { SeparateStreams = options.IsToFolder } };
    }
}
