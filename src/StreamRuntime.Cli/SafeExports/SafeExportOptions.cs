using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.SafeExports;

/// <summary>What a crash-safe export was asked to do, beside the query.</summary>
/// <param name="OutputPath">Where the rows go.</param>
/// <param name="StatePath">Where it is kept how far they are.</param>
/// <param name="CheckpointTime">How often that is kept, at least.</param>
/// <param name="CheckpointBytes">After how many bytes of output.</param>
/// <param name="Arguments">What must be the same when the export is started again, by the names of the options.</param>
internal sealed record SafeExportOptions(
    string OutputPath, string StatePath, TimeSpan CheckpointTime, int CheckpointBytes, IReadOnlyList<KeyValuePair<string, string>> Arguments)
{
    public static readonly TimeSpan DefaultCheckpointTime = TimeSpan.FromSeconds(1);
    public const int DefaultCheckpointBytes = 16 * 1024 * 1024;

    private static readonly string[] OnlyWithState = ["--checkpoint-time", "--checkpoint-size"];
    private static readonly string[] NeverWithState = ["--limit", "--parallel", "--pause-after", "--resume", "--print-token", "--token-key"];

    private const int SmallestCheckpoint = 4 * 1024;
    private const int LargestCheckpoint = 1024 * 1024 * 1024;

    /// <summary>Null when no state file was named.</summary>
    /// <exception cref="UsageException">What was asked for can't be continued byte by byte.</exception>
    public static SafeExportOptions? From(ParsedArguments arguments, SourceUri source, string? sql, RowFormat format)
    {
        if (arguments.Get("--state") is not { } state)
        {
            string? alone = OnlyWithState.FirstOrDefault(arguments.Has);
            return alone is null ? null : throw new UsageException($"{alone} says how often --state is written, which is not given.");
        }

        string output = arguments.Get("--output") ?? throw new UsageException("--state needs --output: what was written to a pipe can't be taken back.");
        if (format != RowFormat.Ndjson)
        {
            throw new UsageException("--state writes ndjson, so that a file cut off between two rows can go on there.");
        }

        if (NeverWithState.FirstOrDefault(arguments.Has) is { } other)
        {
            throw new UsageException($"{other} does not go with --state, which goes on by itself up to the last row.");
        }

        if (source.Kind is SourceKind.StandardInput or SourceKind.Sample)
        {
            throw new UsageException("--state needs a source that can be continued: a PostgreSQL query with --key, or file:PATH.");
        }

        if (source.Kind == SourceKind.Postgres && !arguments.Has("--key"))
        {
            throw new UsageException("--state needs --key COLUMNS: unique, not null columns of the result, by which the place in it is found again.");
        }

        if (Path.GetFullPath(state) == Path.GetFullPath(output))
        {
            throw new UsageException("--state and --output are one file.");
        }

        return new SafeExportOptions(
            output,
            state,
            arguments.Get("--checkpoint-time") is { } time ? Quantity.Time("--checkpoint-time", time) : DefaultCheckpointTime,
            arguments.Get("--checkpoint-size") is { } size ? Quantity.Size("--checkpoint-size", size, SmallestCheckpoint, LargestCheckpoint) : DefaultCheckpointBytes,
            [
                // Which server is not compared, since after a failover it is another; which database, where that is said, is.
                new("--source", source.Kind == SourceKind.File ? Path.GetFullPath(source.Text) : PostgresRows.DatabaseName(source)),
                new("the SQL", sql ?? ""),
                new("--key", arguments.Get("--key") ?? ""),
                new("--param", string.Join('\0', arguments.GetAll("--param").Order(StringComparer.Ordinal))),
                new("--where", string.Join('\0', arguments.GetAll("--where"))),
                new("--raw-text", arguments.Has("--raw-text") ? "yes" : ""),
            ]);
    }
}
