using System.Globalization;
using System.Text.RegularExpressions;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>A statement that recorded rows are the answer to.</summary>
/// <param name="Query">The rows.</param>
/// <param name="Rows">How many of them, however few were recorded.</param>
internal sealed partial record ReplayStatement(RecordedQuery Query, long Rows)
{
    /// <summary>Finds the answer; null when nothing of the kind was recorded.</summary>
    public static ReplayStatement? TryFind(string sql, Recording recording)
    {
        Match rows = LimitedRows().Match(sql);
        return rows.Success && recording.TryFind(rows.Groups["type"].Value) is { } query
            ? new ReplayStatement(query, long.Parse(rows.Groups["rows"].Value, CultureInfo.InvariantCulture))
            : null;
    }

    [GeneratedRegex(@"^\s*select data from (?<type>\w+)_rows limit (?<rows>\d{1,18})\s*;?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex LimitedRows();
}
