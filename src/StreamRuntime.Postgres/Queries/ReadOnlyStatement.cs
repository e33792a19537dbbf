namespace StreamRuntime.Postgres.Queries;

/// <summary>Says which statements only read, as far as their text shows, so that running one twice is as good as running it once.</summary>
internal static class ReadOnlyStatement
{
    private static readonly HashSet<string> Kinds = new(StringComparer.OrdinalIgnoreCase) { "select", "with", "values", "table" };

    // Any of these makes WITH write, or SELECT make a table. As a column's name in a read they cost the second run, no more.
    private static readonly HashSet<string> Writes = new(StringComparer.OrdinalIgnoreCase) { "insert", "update", "delete", "merge", "into" };

    /// <summary>False where in doubt. What views, operators and casts of the user's own do is not looked into: they are taken for reads.</summary>
    public static bool Is(string sql, bool standardStrings = true)
    {
        var kinds = Kinds.GetAlternateLookup<ReadOnlySpan<char>>();
        var writes = Writes.GetAlternateLookup<ReadOnlySpan<char>>();
        bool isKnown = false;
        CalledName called = default;
        var scanner = new SqlScanner(sql, standardStrings);
        while (scanner.TryRead(out SqlToken token))
        {
            if (token.IsBlank)
            {
                continue;
            }

            ReadOnlySpan<char> text = sql.AsSpan(token.Start, token.End - token.Start);
            if (text is "(")
            {
                if (isKnown && called.IsUnknown(sql))
                {
                    return false;
                }
            }
            else if (!isKnown)
            {
                if (token.Kind != SqlTokenKind.Word || !kinds.Contains(text))
                {
                    return false;
                }

                isKnown = true;
            }
            else if (token.Kind == SqlTokenKind.Word && writes.Contains(text))
            {
                return false;
            }

            called.Take(token);
        }

        return isKnown;
    }
}
