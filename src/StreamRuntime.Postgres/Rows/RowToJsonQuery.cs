using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Rows;

/// <summary>Has the server make the JSON objects, for results with types that only its catalog knows.</summary>
internal static class RowToJsonQuery
{
    /// <summary>The same query with one column of type <c>json</c>: an object for each of its rows, in its order.</summary>
    /// <param name="sql">One statement that may stand in FROM: SELECT, VALUES, TABLE, WITH … SELECT. Parameters keep their numbers.</param>
    /// <param name="standardConformingStrings">The session's setting, as the server reports it; on by default everywhere since 9.1.</param>
    /// <remarks>
    /// What is returned: between our parentheses stands <paramref name="sql"/> up to its last token that is neither a comment nor a semicolon
    /// (and possibly comments after it), with balanced parentheses, no semicolon, and no open quote or comment, as the
    /// server's scanner sees it. So whatever the text is, our closing parenthesis is the one that matches our opening one, and there is
    /// one statement. Whether the text is a valid query is the server's to say.
    /// </remarks>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>: the text holds more than one statement, an unbalanced parenthesis, an open quote or
    /// comment, or a NUL.
    /// </exception>
    public static string Wrap(string sql, bool standardConformingStrings = true) =>
        // The star keeps a column named _ from being taken for the row; the schema keeps search_path out of it.
        $"select pg_catalog.row_to_json(_.*) from {Subquery(sql, standardConformingStrings)}";

    /// <summary>The same query as an item of FROM, called <c>_</c>.</summary>
    /// <inheritdoc cref="Wrap" path="/param"/>
    /// <inheritdoc cref="Wrap" path="/remarks"/>
    /// <inheritdoc cref="Wrap" path="/exception"/>
    public static string Subquery(string sql, bool standardConformingStrings = true)
    {
        ArgumentNullException.ThrowIfNull(sql);
        if (sql.Contains('\0', StringComparison.Ordinal))
        {
            throw Refused("it holds a NUL", sql.IndexOf('\0', StringComparison.Ordinal));
        }

        return $"(\n{sql[..StatementLength(sql, standardConformingStrings)]}\n) _";
    }

    private static int StatementLength(string sql, bool standardConformingStrings)
    {
        int length = -1;
        int depth = 0;
        var scanner = new SqlScanner(sql, standardConformingStrings);
        while (scanner.TryRead(out SqlToken token))
        {
            if (!token.IsTerminated)
            {
                throw Refused("a quote or comment is not closed", token.Start);
            }

            if (token.IsBlank)
            {
                continue;
            }

            if (token.Kind == SqlTokenKind.Semicolon)
            {
                length = depth > 0 ? throw Refused("a semicolon stands inside parentheses", token.Start)
                    : length < 0 ? token.Start
                    : length;
                continue;
            }

            if (token.Kind == SqlTokenKind.Symbol)
            {
                depth += sql[token.Start] switch { '(' => 1, ')' => -1, _ => 0 };
                if (depth < 0)
                {
                    throw Refused("a closing parenthesis has no opening one", token.Start);
                }
            }

            if (length >= 0)
            {
                throw Refused("it holds more than one statement", token.Start);
            }
        }

        return depth == 0 ? (length < 0 ? sql.Length : length) : throw Refused("a parenthesis is not closed", sql.Length);
    }

    // The position only: the text may hold values that do not belong into a log.
    private static StreamRuntimeException Refused(string why, int position) =>
        new(ErrorKind.Configuration, $"The SQL text cannot be turned into JSON rows by the server: {why} (at character {position + 1}).");
}
