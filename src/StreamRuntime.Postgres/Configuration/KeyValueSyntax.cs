using System.Text;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>libpq's <c>key=value</c> strings: blanks around the sign, quotes, and a backslash before any character.</summary>
internal static class KeyValueSyntax
{
    public static void Read(string text, ConnectionValues values)
    {
        int position = SkipBlanks(text, 0);
        while (position < text.Length)
        {
            int start = position;
            while (position < text.Length && text[position] != '=' && !IsBlank(text[position]))
            {
                position++;
            }

            string keyword = text[start..position];
            position = SkipBlanks(text, position);
            if (position == text.Length || text[position] != '=')
            {
                // The word is not shown: it may be the rest of an unquoted password.
                throw ConfigurationError.Because($"An equals sign is missing after the word at character {start + 1} of the connection string.");
            }

            position = SkipBlanks(text, position + 1);
            string value = position < text.Length && text[position] == '\''
                ? ReadQuoted(text, ref position)
                : ReadPlain(text, ref position);
            values.Set(keyword, value);
            position = SkipBlanks(text, position);
        }
    }

    /// <summary>C's white space, as libpq sees it.</summary>
    public static bool IsBlank(char character) => character is ' ' or (>= '\t' and <= '\r');

    private static string ReadPlain(string text, ref int position)
    {
        var value = new StringBuilder();
        while (position < text.Length && !IsBlank(text[position]))
        {
            Append(value, text, ref position);
        }

        return value.ToString();
    }

    private static string ReadQuoted(string text, ref int position)
    {
        int start = position++;
        var value = new StringBuilder();
        while (position < text.Length && text[position] != '\'')
        {
            Append(value, text, ref position);
        }

        if (position == text.Length)
        {
            throw ConfigurationError.Because($"The quote at character {start + 1} of the connection string is not closed.");
        }

        position++;
        return value.ToString();
    }

    private static void Append(StringBuilder value, string text, ref int position)
    {
        // A backslash at the very end stands for nothing.
        position += text[position] == '\\' ? 1 : 0;
        if (position < text.Length)
        {
            value.Append(text[position++]);
        }
    }

    private static int SkipBlanks(string text, int position)
    {
        while (position < text.Length && IsBlank(text[position]))
        {
            position++;
        }

        return position;
    }
}
