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
    /// <param name="sql">What is executed.</param>
    /// <param name="description">How the server describes it.</param>
    /// <param name="tail">What its rows end with beside the JSON; null for nothing.</param>
    /// <param name="unsupported">The first column that only the server can turn into JSON, when null is returned.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.UnsupportedType"/>: the tail is not what it was when the statement was made.</exception>
    public static StatementShape? TryCreate(string sql, ReadOnlySpan<byte> description, KeyTail? tail, out ColumnDescription unsupported)
    {
        ColumnDescription[] all = description.IsEmpty ? [] : RowDescription.Parse(description);
        ColumnDescription[] columns = tail is null ? all : WithoutTail(all, tail);
        if (IsRawJson(columns))
        {
            unsupported = default;
            return new StatementShape(sql, description.ToArray(), null, all.Length);
        }

        var encoder = JsonObjectEncoder.TryCreate(columns, out unsupported);
        return encoder is null ? null : new StatementShape(sql, description.ToArray(), encoder, all.Length);
    }

    private static ColumnDescription[] WithoutTail(ColumnDescription[] columns, KeyTail tail)
    {
        int first = columns.Length - tail.Columns;
        for (int i = 0; i < tail.Names.Length; i++)
        {
            if (first < 1 || columns[first + i].TypeOid != tail.Types[i])
            {
                throw new StreamRuntimeException(
                    ErrorKind.UnsupportedType, "The columns of the statement's key have changed since it was last run. Run it again.", isTransient: true);
            }
        }

        return columns[..first];
    }

    private static bool IsRawJson(ColumnDescription[] columns) =>
        columns.Length == 1 && columns[0].TypeOid is TypeOids.Json or TypeOids.Jsonb;
}
