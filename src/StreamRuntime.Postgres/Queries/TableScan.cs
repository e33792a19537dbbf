using System.Diagnostics.CodeAnalysis;

namespace StreamRuntime.Postgres.Queries;

/// <summary>A statement so plain that any part of its table may be read by itself: <c>select a, b from t where …</c>, without anything that looks at several rows.</summary>
/// <param name="Columns">What stands behind SELECT: a star, or columns' names.</param>
/// <param name="Table">The table's name as SQL has it, with its schema where there is one.</param>
/// <param name="Condition">What stands behind WHERE; null for none.</param>
internal sealed record TableScan(string Columns, string Table, string? Condition)
{
    // All reserved words of PostgreSQL, so that none of them is a column's name.
    private static readonly HashSet<string> EndsOfCondition = new(StringComparer.OrdinalIgnoreCase)
    {
        "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "fetch", "for", "returning", "into",
    };

    // Ahead of a table's name these mean something else.
    private static readonly HashSet<string> NoTables = new(StringComparer.OrdinalIgnoreCase) { "only", "lateral", "select", "rows", "where" };

    /// <summary>Reads a statement; null when it is not that plain.</summary>
    public static TableScan? TryParse(string sql, bool standardStrings = true)
    {
        List<SqlToken> tokens = [];
        var scanner = new SqlScanner(sql, standardStrings);
        while (scanner.TryRead(out SqlToken token))
        {
            if (!token.IsTerminated)
            {
                return null;
            }

            if (!token.IsBlank)
            {
                tokens.Add(token);
            }
        }

        while (tokens is [.., { Kind: SqlTokenKind.Semicolon }])
        {
            tokens.RemoveAt(tokens.Count - 1);
        }

        return new Reader(sql, tokens).TryRead();
    }

    /// <summary>The statement for the rows for which <paramref name="range"/> holds; for all when it is null.</summary>
    public string ToSql(string? range = null) => (Condition, range) switch
    {
        (null, null) => $"select {Columns} from {Table}",
        (null, _) => $"select {Columns} from {Table} where {range}",
        (_, null) => $"select {Columns} from {Table} where {Condition}",
        _ => $"select {Columns} from {Table} where (\n{Condition}\n) and {range}",
    };

    private sealed class Reader(string sql, List<SqlToken> tokens)
    {
        private int _next;

        public TableScan? TryRead()
        {
            string columns = "*";
            if (TakeWord("select"))
            {
                if (!TryReadColumns(out string? named) || !TakeWord("from"))
                {
                    return null;
                }

                columns = named;
            }
            else if (!TakeWord("table"))
            {
                return null;
            }

            if (!TryReadTable(out string? table))
            {
                return null;
            }

            if (_next == tokens.Count)
            {
                return new TableScan(columns, table, null);
            }

            return TakeWord("where") && TryReadCondition(out string? condition) ? new TableScan(columns, table, condition) : null;
        }

        private bool TryReadColumns([NotNullWhen(true)] out string? columns)
        {
            columns = null;
            do
            {
                string? column = TakeSymbol("*") ? "*" : TakeName();
                if (column is null)
                {
                    return false;
                }

                columns = columns is null ? column : $"{columns}, {column}";
            }
            while (TakeSymbol(","));

            return true;
        }

        private bool TryReadTable([NotNullWhen(true)] out string? table)
        {
            table = TakeName();
            if (table is null || NoTables.Contains(table))
            {
                return false;
            }

            while (TakeSymbol("."))
            {
                if (TakeName() is not { } part)
                {
                    return false;
                }

                table = $"{table}.{part}";
            }

            return true;
        }

        private bool TryReadCondition([NotNullWhen(true)] out string? condition)
        {
            condition = null;
            int first = _next;
            int depth = 0;
            for (; _next < tokens.Count; _next++)
            {
                SqlToken token = tokens[_next];
                string text = Text(token);
                depth += text switch { "(" => 1, ")" => -1, _ => 0 };
                if (depth < 0 || token.Kind is SqlTokenKind.Semicolon || (depth == 0 && token.Kind == SqlTokenKind.Word && EndsOfCondition.Contains(text)))
                {
                    return false;
                }
            }

            if (depth != 0 || first == _next)
            {
                return false;
            }

            condition = sql[tokens[first].Start..tokens[^1].End];
            return true;
        }

        private bool TakeWord(string word) => Take(t => t.Kind == SqlTokenKind.Word && Text(t).Equals(word, StringComparison.OrdinalIgnoreCase)) is not null;

        private bool TakeSymbol(string symbol) => Take(t => t.Kind == SqlTokenKind.Symbol && Text(t) == symbol) is not null;

        private string? TakeName() => Take(t => t.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName);

        private string? Take(Func<SqlToken, bool> isIt) => _next < tokens.Count && isIt(tokens[_next]) ? Text(tokens[_next++]) : null;

        private string Text(SqlToken token) => sql[token.Start..token.End];
    }
}
