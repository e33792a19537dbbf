namespace StreamRuntime.Postgres.Rows;

/// <summary>Dates and timestamps from PostgreSQL's ISO text to the form its JSON has: a <c>T</c> between, and minutes in every zone.</summary>
/// <remarks>
/// Everything is checked on the way, so neither another DateStyle nor a hostile server can bring in a byte that JSON must not hold.
/// Years have four digits or more; offsets may have seconds (local mean time); years before Christ end in <c>BC</c>, behind the zone.
/// </remarks>
internal static class IsoDateTime
{
    /// <summary>False when the text is not a date in ISO form.</summary>
    public static bool TryWriteDate(ref JsonRowOutput output, ReadOnlySpan<byte> text)
    {
        if (!IsInfinity(text))
        {
            int at = 0;
            if (!SkipDate(text, ref at) || !IsEnd(text[at..]))
            {
                return false;
            }
        }

        output.Write((byte)'"');
        output.Write(text);
        output.Write((byte)'"');
        return true;
    }

    /// <summary>False when the text is not a timestamp in ISO form, with a zone if and only if it must have one.</summary>
    public static bool TryWriteTimestamp(ref JsonRowOutput output, ReadOnlySpan<byte> text, bool hasZone)
    {
        if (IsInfinity(text))
        {
            output.WriteString(text);
            return true;
        }

        int at = 0;
        if (!SkipDate(text, ref at) || at >= text.Length || text[at] != ' ')
        {
            return false;
        }

        int blank = at++;
        if (!SkipTwoDigits(text, ref at) || !SkipColonAndTwoDigits(text, ref at) || !SkipColonAndTwoDigits(text, ref at) || !SkipFraction(text, ref at))
        {
            return false;
        }

        bool wholeHours = false;
        if (hasZone && !SkipZone(text, ref at, out wholeHours))
        {
            return false;
        }

        if (!IsEnd(text[at..]))
        {
            return false;
        }

        output.Write((byte)'"');
        output.Write(text[..blank]);
        output.Write((byte)'T');
        output.Write(text[(blank + 1)..at]);
        if (wholeHours)
        {
            output.Write(":00"u8);
        }

        output.Write(text[at..]);
        output.Write((byte)'"');
        return true;
    }

    private static bool IsInfinity(ReadOnlySpan<byte> text) => text.SequenceEqual("infinity"u8) || text.SequenceEqual("-infinity"u8);

    private static bool IsEnd(ReadOnlySpan<byte> rest) => rest.IsEmpty || rest.SequenceEqual(" BC"u8);

    private static bool SkipDate(ReadOnlySpan<byte> text, ref int at)
    {
        int start = at;
        while (IsDigit(text, at))
        {
            at++;
        }

        return at - start >= 4 && SkipAndTwoDigits(text, ref at, (byte)'-') && SkipAndTwoDigits(text, ref at, (byte)'-');
    }

    private static bool SkipFraction(ReadOnlySpan<byte> text, ref int at)
    {
        if (at >= text.Length || text[at] != '.')
        {
            return true;
        }

        int start = ++at;
        while (IsDigit(text, at))
        {
            at++;
        }

        return at > start;
    }

    private static bool SkipZone(ReadOnlySpan<byte> text, ref int at, out bool wholeHours)
    {
        wholeHours = false;
        if (at >= text.Length || text[at++] is not ((byte)'+' or (byte)'-') || !SkipTwoDigits(text, ref at))
        {
            return false;
        }

        wholeHours = !SkipColonAndTwoDigits(text, ref at);
        if (!wholeHours)
        {
            SkipColonAndTwoDigits(text, ref at); // seconds are optional too
        }

        return true;
    }

    private static bool SkipColonAndTwoDigits(ReadOnlySpan<byte> text, ref int at) => SkipAndTwoDigits(text, ref at, (byte)':');

    private static bool SkipAndTwoDigits(ReadOnlySpan<byte> text, ref int at, byte separator)
    {
        if (at >= text.Length || text[at] != separator || !IsDigit(text, at + 1) || !IsDigit(text, at + 2))
        {
            return false;
        }

        at += 3;
        return true;
    }

    private static bool SkipTwoDigits(ReadOnlySpan<byte> text, ref int at)
    {
        if (!IsDigit(text, at) || !IsDigit(text, at + 1))
        {
            return false;
        }

        at += 2;
        return true;
    }

    private static bool IsDigit(ReadOnlySpan<byte> text, int at) => (uint)at < (uint)text.Length && (uint)(text[at] - '0') <= 9;
}
