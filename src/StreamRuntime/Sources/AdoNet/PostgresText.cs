using System.Buffers.Binary;
using System.Globalization;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>
/// PostgreSQL's own values where the provider's types can't hold all of them: dates before Christ and after 9999, infinities, numbers of more than 28 digits,
/// intervals of months. The text is that of <c>row_to_json</c>, with UTC as the zone.
/// </summary>
internal static class PostgresText
{
    private const long MicrosecondsPerDay = 86_400_000_000;

    // From the first day of the proleptic Gregorian calendar's year 0, counted from March, to PostgreSQL's own, 2000-01-01.
    private const long DaysBeforeEpoch = 730_425;
    private const int DaysPerEra = 146_097;

    private const int MostBytes = 64;

    /// <summary>Days since 2000-01-01; the largest and the smallest are the infinities.</summary>
    public static void WriteDate(int days, RowBuffer output)
    {
        if (days is int.MaxValue or int.MinValue)
        {
            WriteInfinity(days < 0, output);
            return;
        }

        Span<byte> text = stackalloc byte[MostBytes];
        int at = PutDate(days, text, out bool isBeforeChrist);
        JsonText.WritePlainString(text[..Era(text, at, isBeforeChrist)], output);
    }

    /// <summary>Microseconds since 2000-01-01 00:00, of no zone.</summary>
    public static void WriteTimestamp(long microseconds, RowBuffer output) => WriteTimestamp(microseconds, [], output);

    /// <summary>Microseconds since 2000-01-01 00:00 UTC.</summary>
    public static void WriteTimestampWithZone(long microseconds, RowBuffer output) => WriteTimestamp(microseconds, "+00:00"u8, output);

    /// <summary>Microseconds since midnight; 24:00 is a time as well.</summary>
    public static void WriteTime(long microseconds, RowBuffer output)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        JsonText.WritePlainString(text[..PutTime(microseconds, text, 0)], output);
    }

    /// <summary>A time and the seconds its zone is west of Greenwich, as on the wire. Falls for text of another length.</summary>
    public static bool TryWriteTimeWithZone(ReadOnlySpan<byte> wire, RowBuffer output)
    {
        if (wire.Length != sizeof(long) + sizeof(int))
        {
            return false;
        }

        Span<byte> text = stackalloc byte[MostBytes];
        int at = PutTime(BinaryPrimitives.ReadInt64BigEndian(wire), text, 0);
        int east = -BinaryPrimitives.ReadInt32BigEndian(wire[sizeof(long)..]);
        text[at++] = (byte)(east < 0 ? '-' : '+');
        int seconds = Math.Abs(east);
        at = PutNumber(seconds / 3600, 2, text, at);
        if (seconds % 3600 != 0)
        {
            text[at++] = (byte)':';
            at = PutNumber(seconds / 60 % 60, 2, text, at);
        }

        if (seconds % 60 != 0)
        {
            text[at++] = (byte)':';
            at = PutNumber(seconds % 60, 2, text, at);
        }

        JsonText.WritePlainString(text[..at], output);
        return true;
    }

    /// <summary>Microseconds, days and months, as on the wire, in the words of the <c>intervalstyle</c> that servers start with.</summary>
    public static bool TryWriteInterval(ReadOnlySpan<byte> wire, RowBuffer output)
    {
        if (wire.Length != sizeof(long) + sizeof(int) + sizeof(int))
        {
            return false;
        }

        long microseconds = BinaryPrimitives.ReadInt64BigEndian(wire);
        int days = BinaryPrimitives.ReadInt32BigEndian(wire[8..]);
        int months = BinaryPrimitives.ReadInt32BigEndian(wire[12..]);
        if ((microseconds, days, months) is (long.MaxValue, int.MaxValue, int.MaxValue) or (long.MinValue, int.MinValue, int.MinValue))
        {
            WriteInfinity(days < 0, output);
            return true;
        }

        Span<byte> text = stackalloc byte[2 * MostBytes];
        int at = 0;
        bool afterNegative = false;
        at = PutUnits(months / 12, " year"u8, ref afterNegative, text, at);
        at = PutUnits(months % 12, " mon"u8, ref afterNegative, text, at);
        at = PutUnits(days, " day"u8, ref afterNegative, text, at);
        if (microseconds != 0 || at == 0)
        {
            if (at > 0)
            {
                text[at++] = (byte)' ';
            }

            if (microseconds < 0)
            {
                text[at++] = (byte)'-';
            }
            else if (afterNegative)
            {
                text[at++] = (byte)'+';
            }

            at = PutTime(unchecked((ulong)(microseconds < 0 ? -microseconds : microseconds)), text, at);
        }

        JsonText.WritePlainString(text[..at], output);
        return true;
    }

    /// <summary>A numeric, as on the wire: groups of four digits, the power of ten thousand of the first, sign, and digits behind the point.</summary>
    public static bool TryWriteNumeric(ReadOnlySpan<byte> wire, RowBuffer output)
    {
        const int HeadBytes = 4 * sizeof(short);
        if (wire.Length < HeadBytes)
        {
            return false;
        }

        int groups = BinaryPrimitives.ReadUInt16BigEndian(wire);
        int weight = BinaryPrimitives.ReadInt16BigEndian(wire[2..]);
        ushort sign = BinaryPrimitives.ReadUInt16BigEndian(wire[4..]);
        int scale = BinaryPrimitives.ReadUInt16BigEndian(wire[6..]);
        ReadOnlySpan<byte> digits = wire[HeadBytes..];
        if (digits.Length != groups * sizeof(short))
        {
            return false;
        }

        if (sign is 0xC000 or 0xD000 or 0xF000)
        {
            JsonNumberText.WriteNonFinite(isNaN: sign == 0xC000, isNegative: sign == 0xF000, output);
            return true;
        }

        if (sign == 0x4000)
        {
            output.Write((byte)'-');
        }

        Span<byte> group = stackalloc byte[8];
        bool isFirst = true;
        for (int i = 0; i <= weight; i++)
        {
            int value = Group(digits, i);
            int length = PutNumber(value, isFirst ? 1 : 4, group, 0);
            output.Write(group[..length]);
            isFirst = false;
        }

        if (isFirst)
        {
            output.Write((byte)'0');
        }

        if (scale > 0)
        {
            output.Write((byte)'.');
            for (int i = weight + 1; scale > 0; i++, scale -= 4)
            {
                PutNumber(Group(digits, i), 4, group, 0);
                output.Write(group[..Math.Min(4, scale)]);
            }
        }

        return true;
    }

    private static int Group(ReadOnlySpan<byte> digits, int index) =>
        index >= 0 && index < digits.Length / sizeof(short) ? BinaryPrimitives.ReadInt16BigEndian(digits[(index * sizeof(short))..]) : 0;

    private static void WriteTimestamp(long microseconds, ReadOnlySpan<byte> zone, RowBuffer output)
    {
        if (microseconds is long.MaxValue or long.MinValue)
        {
            WriteInfinity(microseconds < 0, output);
            return;
        }

        long days = Math.DivRem(microseconds, MicrosecondsPerDay, out long time);
        if (time < 0)
        {
            days--;
            time += MicrosecondsPerDay;
        }

        Span<byte> text = stackalloc byte[MostBytes];
        int at = PutDate(days, text, out bool isBeforeChrist);
        text[at++] = (byte)'T';
        at = PutTime((ulong)time, text, at);
        zone.CopyTo(text[at..]);
        JsonText.WritePlainString(text[..Era(text, at + zone.Length, isBeforeChrist)], output);
    }

    // Howard Hinnant's civil_from_days: years begin in March, so that the leap day is the last.
    private static int PutDate(long sinceEpoch, Span<byte> text, out bool isBeforeChrist)
    {
        long days = sinceEpoch + DaysBeforeEpoch;
        long era = (days >= 0 ? days : days - (DaysPerEra - 1)) / DaysPerEra;
        int dayOfEra = (int)(days - (era * DaysPerEra));
        int yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36524) - (dayOfEra / 146096)) / 365;
        int dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        int shifted = ((5 * dayOfYear) + 2) / 153;
        int day = dayOfYear - (((153 * shifted) + 2) / 5) + 1;
        int month = shifted < 10 ? shifted + 3 : shifted - 9;
        long year = yearOfEra + (era * 400) + (month <= 2 ? 1 : 0);
        isBeforeChrist = year <= 0;
        int at = PutNumber((int)(isBeforeChrist ? 1 - year : year), 4, text, 0);
        text[at++] = (byte)'-';
        at = PutNumber(month, 2, text, at);
        text[at++] = (byte)'-';
        return PutNumber(day, 2, text, at);
    }

    private static int PutTime(long microseconds, Span<byte> text, int at) => PutTime((ulong)microseconds, text, at);

    private static int PutTime(ulong microseconds, Span<byte> text, int at)
    {
        ulong seconds = microseconds / 1_000_000;
        int fraction = (int)(microseconds % 1_000_000);
        (seconds / 3600).TryFormat(text[at..], out int written, "00", CultureInfo.InvariantCulture);
        at += written;
        text[at++] = (byte)':';
        at = PutNumber((int)(seconds / 60 % 60), 2, text, at);
        text[at++] = (byte)':';
        at = PutNumber((int)(seconds % 60), 2, text, at);
        if (fraction > 0)
        {
            text[at++] = (byte)'.';
            at = PutNumber(fraction, 6, text, at);
            while (text[at - 1] == '0')
            {
                at--;
            }
        }

        return at;
    }

    private static int PutUnits(int value, ReadOnlySpan<byte> unit, ref bool afterNegative, Span<byte> text, int at)
    {
        if (value == 0)
        {
            return at;
        }

        if (at > 0)
        {
            text[at++] = (byte)' ';
        }

        if (afterNegative && value > 0)
        {
            text[at++] = (byte)'+';
        }

        value.TryFormat(text[at..], out int written, default, CultureInfo.InvariantCulture);
        at += written;
        unit.CopyTo(text[at..]);
        at += unit.Length;
        if (value != 1)
        {
            text[at++] = (byte)'s';
        }

        afterNegative = value < 0;
        return at;
    }

    private static int PutNumber(int value, int digits, Span<byte> text, int at)
    {
        int most = digits;
        for (int rest = value; rest >= 10; rest /= 10)
        {
            most--;
        }

        int length = digits + Math.Max(0, 1 - most);
        for (int i = at + length - 1; i >= at; i--)
        {
            text[i] = (byte)('0' + (value % 10));
            value /= 10;
        }

        return at + length;
    }

    private static int Era(Span<byte> text, int at, bool isBeforeChrist)
    {
        if (!isBeforeChrist)
        {
            return at;
        }

        " BC"u8.CopyTo(text[at..]);
        return at + 3;
    }

    private static void WriteInfinity(bool isNegative, RowBuffer output) => output.Write(isNegative ? "\"-infinity\""u8 : "\"infinity\""u8);
}
