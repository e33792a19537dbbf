namespace StreamRuntime.Postgres.Queries;

/// <summary>Says which statements mean the same however long ago the server parsed them, so that they may stay prepared.</summary>
internal static class PreparableStatement
{
    // The server watches over what these read and plans them again. Not so with others: what EXECUTE, FETCH or SHOW gives may change behind a prepared one.
    private static readonly string[] Kinds = ["select", "with", "values", "table", "insert", "update", "delete", "merge"];

    // In a string these are taken for a date when the statement is parsed, and would stay the day on which it was prepared.
    private static readonly string[] Moments = ["now", "today", "tomorrow", "yesterday"];

    /// <summary>False where in doubt.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="standardStrings">The session's <c>standard_conforming_strings</c>.</param>
    public static bool IsPreparable(ReadOnlySpan<char> sql, bool standardStrings)
    {
        bool isKnown = false;
        bool hasStar = false;
        bool callsUnknown = false;
        CalledName called = default;
        var scanner = new SqlScanner(sql, standardStrings);
        while (scanner.TryRead(out SqlToken token))
        {
            ReadOnlySpan<char> text = sql[token.Start..token.End];
            if (!isKnown && !token.IsBlank && text is not "(")
            {
                if (token.Kind != SqlTokenKind.Word || !Holds(Kinds, text))
                {
                    return false;
                }

                isKnown = true;
            }

            // An escape, or a string in two parts, may spell any of the words, so it counts as one.
            if (token.Kind == SqlTokenKind.String && (text.ContainsAny('\\', '\r', '\n') || HoldsMoment(text)))
            {
                return false;
            }

            if (!token.IsBlank)
            {
                hasStar |= text is "*" && sql[called.Last.Start..called.Last.End] is not "(";
                callsUnknown |= text is "(" && called.IsUnknown(sql);
                called.Take(token);
            }
        }

        // The columns that a star stood for when it was parsed stay, and what a function returns is not watched over: a column that its type got later would be missing.
        return isKnown && !(hasStar && callsUnknown);
    }

    private static bool HoldsMoment(ReadOnlySpan<char> text)
    {
        foreach (string moment in Moments)
        {
            if (text.Contains(moment, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Holds(string[] words, ReadOnlySpan<char> text)
    {
        foreach (string word in words)
        {
            if (text.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
