namespace StreamRuntime.Postgres.Rows;

/// <summary>What a piece of SQL text is, as far as its extent goes.</summary>
internal enum SqlToken : byte
{
    End = 0,
    Blank = 1,
    OpenParenthesis = 2,
    CloseParenthesis = 3,
    Semicolon = 4,
    Other = 5,
    Unterminated = 6,
}

/// <summary>Cuts SQL text where the server's own scanner (<c>scan.l</c>) cuts it, so that text inside quotes and comments is known as such.</summary>
/// <remarks>
/// Only extents matter here: words, numbers and operators are all <see cref="SqlToken.Other"/>. The text is taken as UTF-8 on the wire, in
/// which no byte of a longer character looks like a quotation mark. Where server versions disagree (<c>123abc</c>), one of the readings
/// is not valid SQL.
/// </remarks>
internal ref struct SqlScanner
{
    private readonly ReadOnlySpan<char> _sql;
    private readonly bool _standardStrings;
    private int _at;

    /// <summary>Begins at the start of the text.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="standardStrings">The session's <c>standard_conforming_strings</c>: false gives <c>\</c> a meaning in plain strings too.</param>
    public SqlScanner(ReadOnlySpan<char> sql, bool standardStrings)
    {
        _sql = sql;
        _standardStrings = standardStrings;
    }

    /// <summary>Where the last token starts.</summary>
    public int Start { get; private set; }

    public SqlToken Next()
    {
        Start = _at;
        if (_at >= _sql.Length)
        {
            return SqlToken.End;
        }

        char first = _sql[_at++];
        switch (first)
        {
            case ';':
                return SqlToken.Semicolon;
            case '(':
                return SqlToken.OpenParenthesis;
            case ')':
                return SqlToken.CloseParenthesis;
            case '\'':
                return SkipString(escapes: !_standardStrings, doubles: true);
            case '"':
                return SkipQuotedName();
            case '$':
                return SkipDollar();
            case '-' when Peek() == '-':
                SkipLineComment();
                return SqlToken.Blank;
            case '/' when Peek() == '*':
                return SkipBlockComment();
        }

        if (IsSpace(first))
        {
            return SqlToken.Blank;
        }

        if (char.IsAsciiDigit(first))
        {
            SkipNumber();
            return SqlToken.Other;
        }

        return IsNameStart(first) ? SkipName() : SqlToken.Other;
    }

    // A name takes every $ that follows, so a$$b holds no dollar quote; and only a one-letter word is a string's prefix.
    private SqlToken SkipName()
    {
        while (_at < _sql.Length && (IsTagPart(_sql[_at]) || _sql[_at] == '$'))
        {
            _at++;
        }

        if (_at - Start != 1 || Peek() != '\'')
        {
            return SqlToken.Other;
        }

        switch (_sql[Start])
        {
            case 'e' or 'E':
                _at++;
                return SkipString(escapes: true, doubles: true);
            case 'b' or 'B' or 'x' or 'X':
                _at++;
                return SkipString(escapes: false, doubles: false);
            default:
                return SqlToken.Other; // N'…' and U&'…' are plain strings as far as their extent goes
        }
    }

    // The opening quote is behind us.
    private SqlToken SkipString(bool escapes, bool doubles)
    {
        while (_at < _sql.Length)
        {
            char c = _sql[_at++];
            if (c == '\\' && escapes)
            {
                _at++;
            }
            else if (c == '\'')
            {
                if (doubles && Peek() == '\'')
                {
                    _at++;
                }
                else if (!SkipContinuation())
                {
                    return SqlToken.Other;
                }
            }
        }

        return SqlToken.Unterminated;
    }

    // A string goes on, with the rules of its first part, when only blanks with at least one line break stand before the next quote.
    private bool SkipContinuation()
    {
        int end = _at;
        bool lineBreak = false;
        while (_at < _sql.Length)
        {
            char c = _sql[_at];
            if (c == '\'' && lineBreak)
            {
                _at++;
                return true;
            }

            if (c == '-' && _at + 1 < _sql.Length && _sql[_at + 1] == '-')
            {
                SkipLineComment();
            }
            else if (IsSpace(c))
            {
                lineBreak |= c is '\n' or '\r';
                _at++;
            }
            else
            {
                break;
            }
        }

        _at = end;
        return false;
    }

    private SqlToken SkipQuotedName()
    {
        // A doubled quote ends one piece and starts the next, which comes to the same extent.
        int length = _sql[_at..].IndexOf('"');
        _at = length < 0 ? _sql.Length : _at + length + 1;
        return length < 0 ? SqlToken.Unterminated : SqlToken.Other;
    }

    // $1, $$…$$, $tag$…$tag$, or a lone dollar sign.
    private SqlToken SkipDollar()
    {
        int end = _at;
        if (end < _sql.Length && IsNameStart(_sql[end]))
        {
            while (end < _sql.Length && IsTagPart(_sql[end]))
            {
                end++;
            }
        }

        if (end >= _sql.Length || _sql[end] != '$')
        {
            return SqlToken.Other;
        }

        ReadOnlySpan<char> delimiter = _sql[Start..(end + 1)];
        int length = _sql[(end + 1)..].IndexOf(delimiter);
        _at = length < 0 ? _sql.Length : end + 1 + length + delimiter.Length;
        return length < 0 ? SqlToken.Unterminated : SqlToken.Other;
    }

    private void SkipLineComment()
    {
        int length = _sql[_at..].IndexOfAny('\n', '\r');
        _at = length < 0 ? _sql.Length : _at + length;
    }

    // The slash is behind us. Block comments nest.
    private SqlToken SkipBlockComment()
    {
        _at++;
        int depth = 1;
        while (_at < _sql.Length)
        {
            char c = _sql[_at++];
            if (c == '/' && Peek() == '*')
            {
                _at++;
                depth++;
            }
            else if (c == '*' && Peek() == '/')
            {
                _at++;
                if (--depth == 0)
                {
                    return SqlToken.Blank;
                }
            }
        }

        return SqlToken.Unterminated;
    }

    // The exponent belongs to the number: what follows 1e5 is not the rest of a word.
    private void SkipNumber()
    {
        SkipDigits();
        if (Peek() == '.')
        {
            _at++;
            SkipDigits();
        }

        if (Peek() is 'e' or 'E')
        {
            int exponent = _at++;
            if (Peek() is '+' or '-')
            {
                _at++;
            }

            if (char.IsAsciiDigit(Peek()))
            {
                SkipDigits();
            }
            else
            {
                _at = exponent;
            }
        }
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Peek()))
        {
            _at++;
        }
    }

    private readonly char Peek() => _at < _sql.Length ? _sql[_at] : '\0';

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v';

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_' || c >= '\u0080';

    private static bool IsTagPart(char c) => IsNameStart(c) || char.IsAsciiDigit(c);
}
