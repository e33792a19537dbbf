namespace StreamRuntime.Postgres.Queries;

/// <summary>The last tokens before a bracket, which say whose function is called, if one is.</summary>
internal struct CalledName
{
    private SqlToken _schema;
    private SqlToken _dot;
    private SqlToken _name;

    /// <summary>The last token.</summary>
    public readonly SqlToken Last => _name;

    /// <summary>Takes the next token that is not blank.</summary>
    public void Take(SqlToken token)
    {
        _schema = _dot;
        _dot = _name;
        _name = token;
    }

    /// <summary>Whether a bracket here makes it the call of a function that is not known. A list of columns reads the same, so the answer may be true in doubt.</summary>
    public readonly bool IsUnknown(ReadOnlySpan<char> sql) => _name.Kind switch
    {
        SqlTokenKind.QuotedName => true,

        // A function of the user's may have a known one's name in a schema of its own.
        SqlTokenKind.Word => !KnownFunctions.Contains(Text(sql, _name)) || (Text(sql, _dot) is "." && !Text(sql, _schema).Equals("pg_catalog", StringComparison.OrdinalIgnoreCase)),
        _ => false,
    };

    private static ReadOnlySpan<char> Text(ReadOnlySpan<char> sql, SqlToken token) => sql[token.Start..token.End];
}
