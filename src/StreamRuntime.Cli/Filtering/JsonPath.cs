using System.Globalization;
using System.Text;
using System.Text.Json;

namespace StreamRuntime.Cli.Filtering;

/// <summary>A place inside a JSON value: member names and array indexes, as in <c>.user.tags[0].name</c>.</summary>
/// <remarks>Immutable.</remarks>
internal sealed class JsonPath
{
    private readonly Step[] _steps;

    private JsonPath(Step[] steps) => _steps = steps;

    /// <summary>Reads a path. The dot in front may be left out; <c>.</c> alone is the row itself.</summary>
    /// <exception cref="FormatException">It is not a path; the message says why.</exception>
    public static JsonPath Parse(ReadOnlySpan<char> text)
    {
        var steps = new List<Step>();
        int at = 0;
        while (at < text.Length)
        {
            if (text[at] == '[')
            {
                int close = text[at..].IndexOf(']');
                if (close < 0 || !int.TryParse(text.Slice(at + 1, close - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
                {
                    throw new FormatException("an array index is a whole number in brackets, as in .items[0]");
                }

                steps.Add(new Step(null, index));
                at += close + 1;
                continue;
            }

            at += text[at] == '.' ? 1 : 0;
            int end = text[at..].IndexOfAny('.', '[');
            ReadOnlySpan<char> name = end < 0 ? text[at..] : text.Slice(at, end);
            if (name.Length > 0)
            {
                steps.Add(new Step(Encoding.UTF8.GetBytes(name.ToString()), 0));
            }
            else if (at < text.Length && text[at] == '.')
            {
                throw new FormatException("a member name between two dots is missing");
            }

            at += name.Length;
        }

        return new JsonPath([.. steps]);
    }

    /// <summary>Moves a fresh reader to the first value at this place; false when the row has none there.</summary>
    public bool TryFind(ref Utf8JsonReader row)
    {
        if (!row.Read())
        {
            return false;
        }

        foreach (Step step in _steps)
        {
            if (!(step.Name is null ? TryEnterItem(ref row, step.Index) : TryEnterMember(ref row, step.Name)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryEnterMember(ref Utf8JsonReader row, byte[] name)
    {
        if (row.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (row.Read() && row.TokenType == JsonTokenType.PropertyName)
        {
            bool found = row.ValueTextEquals(name);
            row.Read();
            if (found)
            {
                return true;
            }

            row.Skip();
        }

        return false;
    }

    private static bool TryEnterItem(ref Utf8JsonReader row, int index)
    {
        if (row.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        for (int i = 0; row.Read() && row.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i == index)
            {
                return true;
            }

            row.Skip();
        }

        return false;
    }

    /// <summary>A member's name, or an array index when there is no name.</summary>
    private readonly record struct Step(byte[]? Name, int Index);
}
