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

    /// <summary>The same query with another statement key, which carries what most queries do without.</summary>
    internal PostgresQuery(IReadOnlyList<PostgresParameter> parameters, StatementKey key)
    {
        Text = key.Text;
        Parameters = parameters;
        Key = key;
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

    /// <summary>The key by which the rows are ordered and found again, as <see cref="WithKey"/> has read it; null when there is none.</summary>
    public string? RowKey => (Key as KeyedQuery)?.RowKey.ToString();

    /// <summary>What other queries have in common with this one when they differ in values only.</summary>
    internal StatementKey Key { get; }

    /// <summary>
    /// The same query with a key: columns of its result that together are unique, not null, and of types with an exact text. Its rows then come in the key's order, whatever
    /// the query's own, and its streams can be parked and continued from tokens: a statement is run again for the rows whose key comes after that of the last one delivered.
    /// Each run sees the table as it is by then. Rows changed meanwhile come as they are now; one with a smaller key that was committed late is not seen. Where that
    /// matters, choose a key that grows in the order of commits, or read up to a moment that has safely passed, in the query's own WHERE.
    /// </summary>
    /// <remarks>
    /// The JSON stays what it is without a key, but for one case: where all columns other than the key's are one <c>json</c> or <c>jsonb</c> column, that column alone is the
    /// row. So <c>select data, id</c> with the key <c>id</c> streams <c>data</c> as it is. An index on the key's columns, in its order, makes each run begin at once.
    /// </remarks>
    /// <param name="key">
    /// 1 to 32 column names, unquoted ones as PostgreSQL reads them, each with <c>asc</c> (the default) or <c>desc</c>: <c>"created_at desc, id"</c>. Types allowed:
    /// smallint, integer, bigint, oid, numeric, boolean, text, varchar, char(n), name, uuid, bytea, date, time, timestamp and timestamptz.
    /// </param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: the key can't be read as one.</exception>
    public PostgresQuery WithKey(string key) => new(Parameters, new KeyedQuery(Text, Parameters, Queries.RowKey.Parse(key)));

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
