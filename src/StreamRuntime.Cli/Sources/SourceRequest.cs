using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Sources;

/// <summary>What to stream, and how.</summary>
/// <param name="Uri">Where from.</param>
/// <param name="Sql">The query, for a database; else null.</param>
/// <param name="Parameters">Its parameters' values by name.</param>
/// <param name="Options">The stream's options.</param>
/// <param name="OnNotice">Takes what there is to tell beside the rows: warnings about the source's address, notices from the server.</param>
/// <param name="Parallel">Over how many backends of a database to read; null for one, without a key.</param>
/// <param name="Key">By which columns the rows of one are ordered and found again; null for none.</param>
internal sealed record SourceRequest(
    SourceUri Uri,
    string? Sql,
    IReadOnlyList<KeyValuePair<string, string?>> Parameters,
    JsonRowStreamOptions Options,
    Action<string> OnNotice,
    ParallelReadOptions? Parallel = null,
    string? Key = null);
