namespace StreamRuntime.Postgres.Queries;

/// <summary>One statement with its parameters, which always travel apart from the text.</summary>
/// <remarks>Immutable; safe to run many times and from several threads.</remarks>
public sealed class PostgresQuery
{
    /// <summary>Makes a query from SQL with <c>$1</c>, <c>$2</c> … and their values.</summary>
    /// <param name="text">One SQL statement.</param>
    /// <param name="parameters">The values, the first for <c>$1</c>. At most 65 535. They are copied.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: empty text, a NUL in it, or too many parameters.</exception>
    public PostgresQuery(string text, params IReadOnlyList<PostgresParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(parameters);
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, "SQL text must not be empty.");
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, "SQL text must not hold a NUL.");
        }

        if (parameters.Count > ushort.MaxValue)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, $"{parameters.Count} parameters are more than the protocol's {ushort.MaxValue}.");
        }

        Text = text;
        Parameters = [.. parameters];
        Key = new StatementKey(text, Parameters);
    }

    /// <summary>Not for use: it stops an interpolated string from becoming SQL text. Call <see cref="From"/>.</summary>
    /// <param name="text">The interpolated string.</param>
    /// <param name="parameters">The values.</param>
    [Obsolete("The values of an interpolated string would become SQL text here. Use PostgresQuery.From($\"…\").", error: true)]
    public PostgresQuery(PostgresInterpolatedStringHandler text, params IReadOnlyList<PostgresParameter> parameters) =>
        throw new NotSupportedException();

    /// <summary>The SQL text.</summary>
    public string Text { get; }

    /// <summary>The values, the first for <c>$1</c>.</summary>
    public IReadOnlyList<PostgresParameter> Parameters { get; }

    /// <summary>What other queries have in common with this one when they differ in values only.</summary>
    internal StatementKey Key { get; }

    /// <summary>Makes the query of a whole table: <c>select … from table</c>.</summary>
    /// <param name="table">The table's name as in SQL, with its schema where that is needed: <c>orders</c>, <c>shop."Order lines"</c>.</param>
    /// <param name="columns">Its columns' names as in SQL; all when there are none.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: a text is no name.</exception>
    public static PostgresQuery FromTable(string table, params IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(columns);
        string list = columns.Count == 0 ? "*" : string.Join(", ", columns);

        // A comment in the list ends with its line.
        return TableScan.TryParse($"select {list}\nfrom {table}") is { Condition: null } scan
            ? new PostgresQuery(scan.ToSql())
            : throw new StreamRuntimeException(
                ErrorKind.Configuration, $"'{table}'{(columns.Count == 0 ? "" : $" with the columns {list}")} is no table's name as SQL has it. Names with other characters than letters, digits and _ go in double quotes.");
    }

    /// <summary>Makes a query from an interpolated string: <c>PostgresQuery.From($"select data from v_user where id = {id}")</c>.</summary>
    /// <param name="sql">One SQL statement; see <see cref="PostgresInterpolatedStringHandler"/> for what its values become.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>, as <see cref="PostgresInterpolatedStringHandler.ToQuery"/> says.</exception>
    public static PostgresQuery From(PostgresInterpolatedStringHandler sql) => sql.ToQuery();
}
