namespace StreamRuntime.Postgres.Queries;

/// <summary>A statement key of a statement that was made for a key: its rows end with the columns that say where they stand.</summary>
/// <remarks>Immutable. Derived, and not a field, so that other statements are none the larger for it.</remarks>
/// <param name="text">The statement.</param>
/// <param name="parameters">Its values, those of the key behind the query's own.</param>
/// <param name="tail">What its rows end with.</param>
internal sealed class KeyedStatementText(string text, IReadOnlyList<PostgresParameter> parameters, KeyTail tail) : StatementKey(text, parameters)
{
    public KeyTail Tail { get; } = tail;

    public override bool Equals(StatementKey? other) => base.Equals(other) && Tail.Columns == ((KeyedStatementText)other!).Tail.Columns;
}
