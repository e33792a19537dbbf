using System.Buffers.Binary;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>PostgreSQL's ranges and multiranges, as they came, in the text that the server has for them: Npgsql's own text loses parts of a second.</summary>
internal static class PostgresRange
{
    private const byte IsEmpty = 0x01;
    private const byte HasLower = 0x02;
    private const byte HasUpper = 0x04;
    private const byte IsOpenBelow = 0x08;
    private const byte IsOpenAbove = 0x10;

    // A bound that is no number is a date or a time.
    private const int MostBoundBytes = 64;

    /// <summary>How ranges of such bounds are written.</summary>
    public static WireFormat Format(WireFormat bound) => (wire, output) =>
    {
        output.Write((byte)'"');
        bool isWritten = TryWrite(ref wire, bound, output) && wire.IsEmpty;
        output.Write((byte)'"');
        return isWritten;
    };

    /// <summary>How multiranges of such bounds are written.</summary>
    public static WireFormat MultiFormat(WireFormat bound) => (wire, output) =>
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(wire, out int count))
        {
            return false;
        }

        wire = wire[sizeof(int)..];
        output.Write("\"{"u8);
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
            {
                output.Write((byte)',');
            }

            if (!TryTake(ref wire, out ReadOnlySpan<byte> range) || !TryWrite(ref range, bound, output))
            {
                return false;
            }
        }

        output.Write("}\""u8);
        return wire.IsEmpty;
    };

    private static bool TryWrite(ref ReadOnlySpan<byte> wire, WireFormat bound, RowBuffer output)
    {
        if (wire.IsEmpty)
        {
            return false;
        }

        byte flags = wire[0];
        wire = wire[1..];
        if ((flags & IsEmpty) != 0)
        {
            output.Write("empty"u8);
            return true;
        }

        output.Write((byte)((flags & HasLower) != 0 ? '[' : '('));
        if ((flags & IsOpenBelow) == 0 && !TryWriteBound(ref wire, bound, output))
        {
            return false;
        }

        output.Write((byte)',');
        if ((flags & IsOpenAbove) == 0 && !TryWriteBound(ref wire, bound, output))
        {
            return false;
        }

        output.Write((byte)((flags & HasUpper) != 0 ? ']' : ')'));
        return true;
    }

    private static bool TryWriteBound(ref ReadOnlySpan<byte> wire, WireFormat bound, RowBuffer output)
    {
        int start = output.RowLength;
        if (!TryTake(ref wire, out ReadOnlySpan<byte> value) || !bound(value, output))
        {
            return false;
        }

        int at = output.ToIndex(start);
        ReadOnlySpan<byte> made = output.Bytes.AsSpan(at, output.End - at);
        if (made[0] != '"')
        {
            return true;
        }

        // From the JSON of a value to the server's plain text of it, which has a blank between date and time, whole hours in a zone, and marks around blanks.
        Span<byte> text = stackalloc byte[MostBoundBytes];
        made = made[1..^1];
        made.CopyTo(text);
        text = text[..made.Length];
        int time = text.IndexOf((byte)'T');
        int minutes = time < 0 ? -1 : text.IndexOf("+00:00"u8);
        if (time >= 0)
        {
            text[time] = (byte)' ';
        }

        output.Shorten(at);
        bool hasMarks = text.Contains((byte)' ');
        ReadOnlySpan<byte> mark = hasMarks ? "\\\""u8 : [];
        output.Write(mark);
        output.Write(minutes < 0 ? text : text[..(minutes + 3)]);
        output.Write(minutes < 0 ? [] : text[(minutes + 6)..]);
        output.Write(mark);
        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> wire, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!BinaryPrimitives.TryReadInt32BigEndian(wire, out int length) || (uint)length > (uint)(wire.Length - sizeof(int)))
        {
            return false;
        }

        value = wire.Slice(sizeof(int), length);
        wire = wire[(sizeof(int) + length)..];
        return true;
    }
}
