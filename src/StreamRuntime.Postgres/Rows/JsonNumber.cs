namespace StreamRuntime.Postgres.Rows;

/// <summary>The grammar of a JSON number.</summary>
internal static class JsonNumber
{
    public static bool IsValid(ReadOnlySpan<byte> text)
    {
        int at = text is [(byte)'-', ..] ? 1 : 0;
        if (at < text.Length && text[at] == '0')
        {
            at++;
        }
        else if (!SkipDigits(text, ref at))
        {
            return false;
        }

        if (at < text.Length && text[at] == '.')
        {
            at++;
            if (!SkipDigits(text, ref at))
            {
                return false;
            }
        }

        if (at < text.Length && (text[at] | 0x20) == 'e')
        {
            at++;
            if (at < text.Length && text[at] is (byte)'+' or (byte)'-')
            {
                at++;
            }

            if (!SkipDigits(text, ref at))
            {
                return false;
            }
        }

        return at == text.Length;
    }

    private static bool SkipDigits(ReadOnlySpan<byte> text, ref int at)
    {
        int start = at;
        while ((uint)at < (uint)text.Length && (uint)(text[at] - '0') <= 9)
        {
            at++;
        }

        return at > start;
    }
}
