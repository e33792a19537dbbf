using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Rows;

/// <summary>What a statement gives, and how its rows become JSON: what its first run had to ask the server.</summary>
/// <param name="Sql">What is executed: the statement, or the statement wrapped so that the server makes its objects.</param>
/// <param name="Description">The body of its RowDescription; empty when it gives no rows.</param>
/// <param name="Encoder">Makes objects of the columns; null for a single column of JSON, streamed as it is.</param>
/// <param name="Columns">How many columns a row has.</param>
/// <remarks>Immutable; any number of connections use it at the same time.</remarks>
internal sealed record StatementShape(string Sql, byte[] Description, JsonObjectEncoder? Encoder, int Columns)
{
    /// <summary>Whether it only reads, by its text under the default settings for strings.</summary>
    public bool OnlyReads { get; } = ReadOnlyStatement.Is(Sql);

    /// <summary>The shape of a result that needs no wrapping; null when only the server can turn it into JSON.</summary>
    public static StatementShape? TryCreate(string sql, ReadOnlySpan<byte> description, out ColumnDescription unsupported)
    {
        ColumnDescription[] columns = description.IsEmpty ? [] : RowDescription.Parse(description);
        if (IsRawJson(columns))
        {
            unsupported = default;
            return new StatementShape(sql, description.ToArray(), null, 1);
        }

        var encoder = JsonObjectEncoder.TryCreate(columns, out unsupported);
        return encoder is null ? null : new StatementShape(sql, description.ToArray(), encoder, columns.Length);
    }

    private static bool IsRawJson(ColumnDescription[] columns) =>
        columns.Length == 1 && columns[0].TypeOid is TypeOids.Json or TypeOids.Jsonb;
}
