namespace StreamRuntime.Streams;

/// <summary>How rows are written by <c>JsonRowStream.CopyToAsync</c>. Values are never renumbered.</summary>
public enum RowFormat : byte
{
    /// <summary>One row a line, each ended by a line feed. Line breaks inside a row become spaces.</summary>
    Ndjson = 0,

    /// <summary>One JSON array of all rows. An unfinished result has no closing bracket, so it can't be taken for a whole one.</summary>
    JsonArray = 1,

    /// <summary>Server-sent events: one <c>data:</c> event a row, and an <c>event: complete</c> with the row count at the end.</summary>
    ServerSentEvents = 2,
}
