using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.Rows;

/// <summary>One run of a statement that the server has prepared, or is preparing with it, and the way back to its text.</summary>
internal sealed class PreparedRun(QueryStarter starter, PreparedStatements statements, PreparedStatement statement)
{
    public bool IsParsed => statement.IsParsed;

    /// <summary>Takes note that the server has the statement.</summary>
    public void Parsed() => statement.IsParsed = true;

    /// <summary>Takes note of what the statement gives, which on this connection the server now holds on to.</summary>
    public void Described(StatementShape shape) => statement.Shape = shape;

    /// <summary>
    /// True when the server refused the statement before it was run, for what has become of it since it was prepared: it has gone (26000), its columns have changed
    /// (0A000), or its name is taken (42P05). It is dropped then, and its text may do. Where something else was meant, its text will be refused for the same.
    /// </summary>
    public bool TryDropStale(PostgresServerMessage refusal)
    {
        if (refusal is not { Severity: "ERROR", SqlState: "26000" or "0A000" or "42P05" })
        {
            return false;
        }

        statements.Drop(statement);
        if (refusal.SqlState == "26000")
        {
            statements.Lose();
        }

        return true;
    }

    /// <inheritdoc cref="QueryStarter.RunFromTextAsync"/>
    public Task<StatementShape> RunFromTextAsync(CancellationToken cancellationToken) => starter.RunFromTextAsync(cancellationToken);
}
