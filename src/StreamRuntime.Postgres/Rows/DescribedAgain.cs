using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Rows;

/// <summary>What to do when a statement that was run by its known shape turns out to have another one: a table was altered in between.</summary>
internal sealed class DescribedAgain(PostgresQuery query, StatementShapes shapes)
{
    /// <summary>The shape the statement has now.</summary>
    /// <param name="known">The shape it had.</param>
    /// <param name="description">How the server describes it now; empty when it gives no rows.</param>
    /// <param name="hasIsoDates">Whether the session's dates come in the one form that can be turned into JSON here.</param>
    /// <exception cref="StreamRuntimeException">Only the server can turn it into JSON, and it has been asked for its rows already.</exception>
    public StatementShape Learn(StatementShape known, ReadOnlySpan<byte> description, bool hasIsoDates)
    {
        shapes.Forget(query);
        var shape = StatementShape.TryCreate(known.Sql, description, (query.Key as KeyedStatementText)?.Tail, out _);
        if (shape is null || (shape.Encoder is { NeedsIsoDates: true } && !hasIsoDates))
        {
            throw new StreamRuntimeException(
                ErrorKind.UnsupportedType,
                "The statement's columns have changed since it was last run, to types that only the server can turn into JSON. Run it again.",
                isTransient: true);
        }

        shapes.Set(query, shape);
        return shape;
    }
}
