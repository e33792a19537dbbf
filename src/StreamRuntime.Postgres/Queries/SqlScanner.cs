using System.Buffers;

namespace StreamRuntime.Postgres.Queries;

/// <summary>Cuts SQL text into tokens where PostgreSQL does, so that quoted and commented text is never mistaken for SQL.</summary>
/// <remarks>
/// Follows the server's own lexer: a backslash escapes only inside <c>E'…'</c>, block comments nest, <c>$</c> continues a name but does not
/// start one, every character beyond ASCII belongs to a name, and a string goes on in the next quoted part after a line break. The tokens
/// cover the text without gaps. Allocates nothing.
/// </remarks>
/// <param name="sql">The text.</param>
/// <param name="standardStrings">The session's <c>standard_conforming_strings</c>; off, a backslash escapes in plain strings too. On by default since 9.1.</param>
internal ref struct SqlScanner(ReadOnlySpan<char> sql, bool standardStrings = true)
{
    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\n\r");
    private static readonly SearchValues<char> QuoteOrBackslash = SearchValues.Create("'\\");

    private readonly ReadOnlySpan<char> _sql = sql;
    private readonly bool _standardStrings = standardStrings;
    private int _next;

    /// <summary>The text up to the end of its last token that says something: trailing white space, comments and semicolons are cut off.</summary>
    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> sql)
    {
        int end = 0;
        var scanner = new SqlScanner(sql);
        while (scanner.TryRead(out SqlToken token))
        {
            if (!token.IsBlank && token.Kind != SqlTokenKind.Semicolon)
            {
                end = token.End;
            }
        }

        return sql[..end];
    }

    /// <summary>The next token; false at the end of the text.</summary>
    public bool TryRead(out SqlToken token)
    {
        if (_next == _sql.Length)
        {
            token = default;
            return false;
        }

        token = Scan(_next);
        _next = token.End;
        return true;
    }

    private readonly SqlToken Scan(int start)
    {
        char first = _sql[start];
        char second = Peek(start + 1);
        switch (first)
        {
            case '\'':
                return String(start, start + 1, escapes: !_standardStrings, doubles: true);
            case '"':
                return QuotedName(start);
            case 'e' or 'E' when second == '\'':
                return String(start, start + 2, escapes: true, doubles: true);
            case 'b' or 'B' or 'x' or 'X' when second == '\'':
                return String(start, start + 2, escapes: false, doubles: false); // bits need neither
            case '-' when second == '-':
                return new SqlToken(SqlTokenKind.Comment, start, LineCommentEnd(start));
            case '/' when second == '*':
                return BlockComment(start);
            case '$' when char.IsAsciiDigit(second):
                return new SqlToken(SqlTokenKind.NumberedPlaceholder, start, SkipDigits(start + 1));
            case '$':
                return DollarString(start);
            case ':' when second is ':' or '=':
                return new SqlToken(SqlTokenKind.Symbol, start, start + 2);
            case ':' when IsNameStart(second):
                return new SqlToken(SqlTokenKind.NamedPlaceholder, start, SkipTag(start + 1));
            case ';':
                return new SqlToken(SqlTokenKind.Semicolon, start, start + 1);
        }

        if (IsSpace(first))
        {
            return new SqlToken(SqlTokenKind.Whitespace, start, SkipSpace(start));
        }

        if (IsNameStart(first))
        {
            return new SqlToken(SqlTokenKind.Word, start, SkipName(start));
        }

        return char.IsAsciiDigit(first)
            ? new SqlToken(SqlTokenKind.Number, start, NumberEnd(start))
            : new SqlToken(SqlTokenKind.Symbol, start, start + 1);
    }

    private readonly SqlToken QuotedName(int start)
    {
        int at = start + 1;
        while (_sql[at..].IndexOf('"') is >= 0 and var length)
        {
            at += length + 1;
            if (Peek(at) != '"')
            {
                return new SqlToken(SqlTokenKind.QuotedName, start, at);
            }

            at++;
        }

        return Unterminated(SqlTokenKind.QuotedName, start);
    }

    private readonly SqlToken String(int start, int at, bool escapes, bool doubles)
    {
        while (_sql[at..].IndexOfAny(QuoteOrBackslash) is >= 0 and var length)
        {
            at += length + 1;
            if (_sql[at - 1] == '\\')
            {
                at = escapes ? Math.Min(at + 1, _sql.Length) : at;
            }
            else if (doubles && Peek(at) == '\'')
            {
                at++;
            }
            else if (TryContinueString(at, out int continued))
            {
                at = continued;
            }
            else
            {
                return new SqlToken(SqlTokenKind.String, start, at);
            }
        }

        return Unterminated(SqlTokenKind.String, start);
    }

    // 'a' and 'b' on separate lines are one string, with the rules of its first part. Only line comments may stand between.
    private readonly bool TryContinueString(int at, out int continued)
    {
        bool sawLineBreak = false;
        while (at < _sql.Length)
        {
            char c = _sql[at];
            if (c == '\'' && sawLineBreak)
            {
                continued = at + 1;
                return true;
            }

            if (IsSpace(c))
            {
                sawLineBreak |= c is '\n' or '\r';
                at++;
            }
            else if (c == '-' && Peek(at + 1) == '-')
            {
                at = LineCommentEnd(at);
            }
            else
            {
                break;
            }
        }

        continued = 0;
        return false;
    }

    private readonly SqlToken BlockComment(int start)
    {
        int depth = 1;
        for (int at = start + 2; at + 1 < _sql.Length; at++)
        {
            if (_sql[at] == '/' && _sql[at + 1] == '*')
            {
                depth++;
                at++;
            }
            else if (_sql[at] == '*' && _sql[at + 1] == '/')
            {
                at++;
                if (--depth == 0)
                {
                    return new SqlToken(SqlTokenKind.Comment, start, at + 1);
                }
            }
        }

        return Unterminated(SqlTokenKind.Comment, start);
    }

    private readonly SqlToken DollarString(int start)
    {
        int tagEnd = IsNameStart(Peek(start + 1)) ? SkipTag(start + 1) : start + 1;
        if (Peek(tagEnd) != '$')
        {
            return new SqlToken(SqlTokenKind.Symbol, start, start + 1);
        }

        ReadOnlySpan<char> delimiter = _sql[start..(tagEnd + 1)];
        int body = tagEnd + 1;
        int length = _sql[body..].IndexOf(delimiter, StringComparison.Ordinal);
        return length < 0
            ? Unterminated(SqlTokenKind.String, start)
            : new SqlToken(SqlTokenKind.String, start, body + length + delimiter.Length);
    }

    // Cut exactly, because what follows a number may be a dollar quote, and "$" would belong to the name if an exponent were read as one.
    private readonly int NumberEnd(int at)
    {
        if (_sql[at] == '0' && (Peek(at + 1) | 0x20) is 'x' or 'o' or 'b' && char.IsAsciiHexDigit(Peek(at + 2)))
        {
            at += 2;
            while (char.IsAsciiHexDigit(Peek(at)) || (Peek(at) == '_' && char.IsAsciiHexDigit(Peek(at + 1))))
            {
                at++;
            }

            return at;
        }

        at = SkipDigits(at);
        if (Peek(at) == '.')
        {
            at = SkipDigits(at + 1);
        }

        int exponent = at + 1 + (Peek(at + 1) is '+' or '-' ? 1 : 0);
        return (Peek(at) | 0x20) == 'e' && char.IsAsciiDigit(Peek(exponent)) ? SkipDigits(exponent) : at;
    }

    private readonly int LineCommentEnd(int start) =>
        _sql[start..].IndexOfAny(LineBreaks) is >= 0 and var length ? start + length : _sql.Length;

    private readonly int SkipSpace(int at)
    {
        while (IsSpace(Peek(at)))
        {
            at++;
        }

        return at;
    }

    private readonly int SkipName(int at)
    {
        while (IsTagPart(Peek(at)) || Peek(at) == '$')
        {
            at++;
        }

        return at;
    }

    private readonly int SkipTag(int at)
    {
        while (IsTagPart(Peek(at)))
        {
            at++;
        }

        return at;
    }

    private readonly int SkipDigits(int at)
    {
        while (char.IsAsciiDigit(Peek(at)) || (Peek(at) == '_' && char.IsAsciiDigit(Peek(at + 1))))
        {
            at++;
        }

        return at;
    }

    private readonly SqlToken Unterminated(SqlTokenKind kind, int start) => new(kind, start, _sql.Length, IsTerminated: false);

    // NUL stands for "past the end": PostgresQuery refuses it in SQL text, and it belongs to no token that goes on.
    private readonly char Peek(int at) => at < _sql.Length ? _sql[at] : '\0';

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v';

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_' || c >= '\u0080';

    private static bool IsTagPart(char c) => IsNameStart(c) || char.IsAsciiDigit(c);
}
