namespace StreamRuntime.Postgres.Queries;

/// <summary>A query's statement key where the query has a row key: what makes it another query than without.</summary>
/// <remarks>Immutable. Derived, and not a field, so that queries without a key are none the larger for it.</remarks>
internal sealed class KeyedQuery(string text, IReadOnlyList<PostgresParameter> parameters, RowKey rowKey) : StatementKey(text, parameters)
{
    public RowKey RowKey { get; } = rowKey;

    public override bool Equals(StatementKey? other) => base.Equals(other) && RowKey.Equals(((KeyedQuery)other!).RowKey);
}
