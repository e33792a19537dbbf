namespace StreamRuntime.Benchmarks.Replay;

/// <summary>What a server was heard to say.</summary>
/// <param name="ServerVersion">The server's version.</param>
/// <param name="Parameters">The ParameterStatus messages of its start-up, one after the other.</param>
/// <param name="Commands">What it answered to what clients say between two queries, in the simple protocol and without ReadyForQuery.</param>
/// <param name="Queries">The queries it answered.</param>
internal sealed record Recording(
    string ServerVersion, byte[] Parameters, IReadOnlyDictionary<string, byte[]> Commands, IReadOnlyList<RecordedQuery> Queries)
{
    public RecordedQuery? TryFind(string type) => Queries.FirstOrDefault(q => q.Type == type);

    public RecordedQuery Find(string type) => TryFind(type) ?? throw new InvalidOperationException($"There is no recording of {type} rows.");
}

/// <summary>The query of one table, in both of the formats that a client may ask for.</summary>
/// <param name="Type">Which rows; see <see cref="Suites.JsonTables"/>.</param>
/// <param name="Description">ParameterDescription and RowDescription, with which the statement is described.</param>
/// <param name="Text">The rows in text format.</param>
/// <param name="Binary">The rows in binary format: for <c>json</c> the same text, for <c>jsonb</c> with a version byte before it.</param>
internal sealed record RecordedQuery(string Type, byte[] Description, RecordedRows Text, RecordedRows Binary);
