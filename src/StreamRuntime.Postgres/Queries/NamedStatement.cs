using System.Globalization;
using System.Text;

namespace StreamRuntime.Postgres.Queries;

/// <summary>SQL with named placeholders, read once and run with many values: what a service publishes under a name. The syntax is <see cref="NamedParameters.Rewrite"/>'s.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class NamedStatement
{
    private readonly string _text;
    private readonly List<string> _names;

    private NamedStatement(string text, List<string> names)
    {
        _text = text;
        _names = names;
    }

    /// <summary>The placeholders' names without their colons, in the order in which they first occur; numbers, where the text uses <c>$1</c>.</summary>
    public IReadOnlyList<string> ParameterNames => _names;

    /// <summary>Reads a text.</summary>
    /// <param name="sql">One SQL statement.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>: both styles of placeholders in one text, a gap in the numbers, or an unclosed quote or comment.
    /// </exception>
    public static NamedStatement Parse(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
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

        return new NamedStatement(text.ToString(), names);
    }

    /// <summary>Makes a query of the statement and values for its placeholders, which are sent as text for the server to type.</summary>
    /// <param name="values">The values by name; a null value is NULL.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>, naming the placeholder or value: one without a value, a value that is used nowhere or given twice, or anything
    /// <see cref="PostgresQuery"/> refuses.
    /// </exception>
    public PostgresQuery ToQuery(IEnumerable<KeyValuePair<string, string?>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new PostgresQuery(_text, Values(_names, values));
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
