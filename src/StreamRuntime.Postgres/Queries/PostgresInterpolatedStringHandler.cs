using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace StreamRuntime.Postgres.Queries;

/// <summary>
/// Turns an interpolated string into SQL and parameters: <c>$"select data from v_user where id = {id}"</c> becomes
/// <c>select data from v_user where id = $1</c> and the value of <c>id</c>. Nothing of a value ever becomes SQL text.
/// </summary>
/// <remarks>
/// Every value gets a number of its own and is sent as <see cref="PostgresParameter.From{T}"/> says: a list is an SQL array
/// (<c>id = any({ids})</c>), null is NULL. A <see cref="PostgresQuery"/> is put in as SQL, with its parameters renumbered and its trailing
/// semicolons and comments left out. Alignment and format (<c>{x,5}</c>, <c>{x:yyyy}</c>) do not compile: a parameter has neither.
/// Made by the compiler, used once, by one thread.
/// </remarks>
[InterpolatedStringHandler]
public ref struct PostgresInterpolatedStringHandler
{
    private readonly StringBuilder _text;
    private readonly List<PostgresParameter> _parameters;

    // Where we wrote placeholders, and where an inserted query begins and ends, both in the order of the text.
    private readonly List<(int Start, int End)> _placeholders;
    private readonly List<int> _seams;

    /// <summary>Starts a query; called by the compiler.</summary>
    /// <param name="literalLength">The length of the text between the values, in characters.</param>
    /// <param name="formattedCount">The number of values.</param>
    public PostgresInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        _text = new StringBuilder(literalLength + (formattedCount * 4));
        _parameters = new List<PostgresParameter>(formattedCount);
        _placeholders = new List<(int, int)>(formattedCount);
        _seams = [];
    }

    /// <summary>Adds SQL text; called by the compiler.</summary>
    /// <param name="value">The text between two values.</param>
    public readonly void AppendLiteral(string value) => _text.Append(value);

    /// <summary>Adds a value, or a query to be put in; called by the compiler.</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="value">The value, null, or a <see cref="PostgresQuery"/>.</param>
    /// <exception cref="StreamRuntimeException">As <see cref="PostgresParameter.From{T}"/> says, or an inserted query with an unclosed quote or comment.</exception>
    public readonly void AppendFormatted<T>(T value)
    {
        if (value is PostgresQuery query)
        {
            Insert(query);
            return;
        }

        _parameters.Add(PostgresParameter.From(value));
        AppendPlaceholder(_parameters.Count);
    }

    /// <summary>Adds a value, or a query to be put in; called by the compiler for a bare <c>null</c>.</summary>
    /// <param name="value">The value, null, or a <see cref="PostgresQuery"/>.</param>
    /// <exception cref="StreamRuntimeException">As <see cref="PostgresParameter.From{T}"/> says, or an inserted query with an unclosed quote or comment.</exception>
    public readonly void AppendFormatted(object? value) => AppendFormatted<object?>(value);

    /// <summary>The finished query.</summary>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>: a value that stands where SQL has no place for one (inside quotes or a comment, or joined to
    /// a name or number), a placeholder like <c>$1</c> written by hand, an inserted query that would merge with the text around it, or anything
    /// <see cref="PostgresQuery"/> refuses.
    /// </exception>
    public readonly PostgresQuery ToQuery()
    {
        if (_text is null)
        {
            throw new InvalidOperationException("This handler was not made from an interpolated string.");
        }

        string text = _text.ToString();
        Check(text);
        return new PostgresQuery(text, _parameters);
    }

    private readonly void Insert(PostgresQuery query)
    {
        ReadOnlySpan<char> sql = SqlScanner.TrimEnd(query.Text).TrimStart();
        int offset = _parameters.Count;
        _parameters.AddRange(query.Parameters);
        _seams.Add(_text.Length);
        var scanner = new SqlScanner(sql);
        while (scanner.TryRead(out SqlToken token))
        {
            ReadOnlySpan<char> written = sql[token.Start..token.End];
            if (!token.IsTerminated)
            {
                throw new StreamRuntimeException(ErrorKind.Configuration, "The inserted query has an unclosed quote or comment.");
            }

            if (token.Kind != SqlTokenKind.NumberedPlaceholder)
            {
                _text.Append(written);
            }
            else if (int.TryParse(written[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number >= 1 && number <= query.Parameters.Count)
            {
                AppendPlaceholder(offset + number);
            }
            else
            {
                throw new StreamRuntimeException(
                    ErrorKind.Configuration,
                    $"The inserted query uses {written} but has {query.Parameters.Count} parameters.");
            }
        }

        _seams.Add(_text.Length);
    }

    private readonly void AppendPlaceholder(int number)
    {
        int start = _text.Length;
        _text.Append(CultureInfo.InvariantCulture, $"${number}");
        _placeholders.Add((start, _text.Length));
    }

    // The text is read back the way the server will: exactly the placeholders we wrote must come out of it, and each inserted query must
    // still begin and end where we put it. '{name}' in quotes, x{id} and {n}0 would otherwise run with another meaning, and no error.
    private readonly void Check(string text)
    {
        int found = 0;
        int seam = 0;
        var scanner = new SqlScanner(text);
        while (scanner.TryRead(out SqlToken token))
        {
            for (; seam < _seams.Count && _seams[seam] < token.End; seam++)
            {
                if (_seams[seam] > token.Start)
                {
                    throw new StreamRuntimeException(
                        ErrorKind.Configuration,
                        "An inserted query would merge with the text around it: it stands inside quotes or a comment, or a space is missing.");
                }
            }

            if (token.Kind != SqlTokenKind.NumberedPlaceholder)
            {
                continue;
            }

            if (found == _placeholders.Count || token.Start < _placeholders[found].Start)
            {
                throw new StreamRuntimeException(
                    ErrorKind.Configuration,
                    $"{text.AsSpan(token.Start, token.End - token.Start)} was written by hand in an interpolated query; put the value there instead.");
            }

            if (_placeholders[found] != (token.Start, token.End))
            {
                break;
            }

            found++;
        }

        if (found < _placeholders.Count)
        {
            (int start, int end) = _placeholders[found];
            throw new StreamRuntimeException(
                ErrorKind.Configuration,
                $"The value at {text.AsSpan(start, end - start)} stands inside quotes or a comment, or is joined to a name or number; a parameter stands alone.");
        }
    }
}
