using System.Globalization;
using System.Text;

namespace StreamRuntime.Postgres.Queries;

/// <summary>SQL with named placeholders (<c>:name</c>) as a query with numbered ones, for SQL that arrives as text: a command line, a settings file.</summary>
/// <remarks>Pure functions; safe from any thread.</remarks>
public static class NamedParameters
{
    /// <summary>Replaces each <c>:name</c> by <c>$n</c> and orders the values to match.</summary>
    /// <remarks>
    /// <para>
    /// A placeholder is a colon directly followed by a name: a letter, an underscore or any character beyond ASCII, then those and digits. Case
    /// counts. As in psql there is none inside quotes of any kind (<c>'…'</c>, <c>E'…'</c>, <c>"…"</c>, <c>$tag$…$tag$</c>) or comments, nor
    /// in <c>::</c> casts and <c>:=</c>. An array slice by column, <c>a[1:n]</c>, would be read as one, so write <c>a[1: n]</c>; unlike
    /// in psql <c>a[1:2]</c> is safe. Quotes are read as with <c>standard_conforming_strings</c> on, PostgreSQL's default.
    /// </para>
    /// <para>
    /// The same name twice is one parameter. SQL with <c>$1</c>, <c>$2</c> … works too, with values named <c>1</c>, <c>2</c> …; one text may
    /// not use both styles. Values are sent as text for the server to type.
    /// </para>
    /// </remarks>
    /// <param name="sql">One SQL statement.</param>
    /// <param name="values">The values by name, without the colon; a null value is NULL.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>, naming the placeholder or value: one without a value, a value that is used nowhere or given
    /// twice, both styles in one text, a gap in the numbers, an unclosed quote or comment, or anything <see cref="PostgresQuery"/> refuses.
    /// </exception>
    public static PostgresQuery Rewrite(string sql, IEnumerable<KeyValuePair<string, string?>> values)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(values);
        var text = new StringBuilder(sql.Length);
        var names = new List<string>(); // the first is $1
        var numberOf = new Dictionary<string, int>(StringComparer.Ordinal);
        var handNumbered = new SortedSet<int>();
        var scanner = new SqlScanner(sql);
        while (scanner.TryRead(out SqlToken token))
        {
            ReadOnlySpan<char> written = sql.AsSpan(token.Start, token.End - token.Start);
            if (!token.IsTerminated)
            {
                throw Error($"The SQL text has a quote or comment that is never closed, from character {token.Start + 1} on.");
            }

            switch (token.Kind)
            {
                case SqlTokenKind.NamedPlaceholder:
                    string name = written[1..].ToString();
                    if (!numberOf.TryGetValue(name, out int number))
                    {
                        names.Add(name);
                        number = names.Count;
                        numberOf.Add(name, number);
                    }

                    text.Append(CultureInfo.InvariantCulture, $"${number}");
                    continue;
                case SqlTokenKind.NumberedPlaceholder:
                    handNumbered.Add(NumberOf(written));
                    break;
            }

            text.Append(written);
        }

        if (handNumbered.Count > 0)
        {
            if (names.Count > 0)
            {
                throw Error($"The SQL text uses both :{names[0]} and ${handNumbered.Min}; use one style of placeholders.");
            }

            names.AddRange(ConsecutiveNames(handNumbered));
        }

        return new PostgresQuery(text.ToString(), Values(names, values));
    }

    private static List<PostgresParameter> Values(List<string> names, IEnumerable<KeyValuePair<string, string?>> values)
    {
        var given = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach ((string name, string? value) in values)
        {
            if (!given.TryAdd(name, value))
            {
                throw Error($"The value '{name}' is given twice.");
            }
        }

        var parameters = new List<PostgresParameter>(names.Count);
        foreach (string name in names)
        {
            parameters.Add(given.Remove(name, out string? value)
                ? new PostgresParameter(ParameterTypes.Inferred, value)
                : throw Error($"The SQL text uses the parameter '{name}', but no value is given for it."));
        }

        return given.Count == 0
            ? parameters
            : throw Error($"No parameter of the SQL text is called '{given.Keys.First()}', yet a value is given for it.");
    }

    // A gap cannot be sent: the server could infer no type for the number that is missing.
    private static IEnumerable<string> ConsecutiveNames(SortedSet<int> numbers)
    {
        int expected = 1;
        foreach (int number in numbers)
        {
            yield return number == expected
                ? number.ToString(CultureInfo.InvariantCulture)
                : throw Error($"The SQL text uses ${number} but not ${expected}.");
            expected++;
        }
    }

    private static int NumberOf(ReadOnlySpan<char> written) =>
        int.TryParse(written[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= ushort.MaxValue
            ? number
            : throw Error($"{written} is no parameter: they go from $1 to ${ushort.MaxValue}.");

    private static StreamRuntimeException Error(string message) => new(ErrorKind.Configuration, message);
}
