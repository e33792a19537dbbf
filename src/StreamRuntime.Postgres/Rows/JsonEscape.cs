using System.Buffers;

namespace StreamRuntime.Postgres.Rows;

/// <summary>The escapes of a JSON string as the server's <c>escape_json</c> writes them.</summary>
internal static class JsonEscape
{
    /// <summary>The longest escape: <c>\u00xx</c>.</summary>
    public const int MaxLength = 6;

    /// <summary>What is escaped: control characters, the quotation mark and the backslash. 0x7F is not.</summary>
    public static SearchValues<byte> Escaped { get; } = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        (byte)'"', (byte)'\\',
    ]);

    /// <summary>Writes the escape of one byte.</summary>
    /// <param name="value">One of <see cref="Escaped"/>.</param>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(byte value, Span<byte> destination)
    {
        byte letter = value switch
        {
            (byte)'"' or (byte)'\\' => value,
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            _ => 0,
        };
        destination[0] = (byte)'\\';
        if (letter != 0)
        {
            destination[1] = letter;
            return 2;
        }

        "u00"u8.CopyTo(destination[1..]);
        destination[4] = (byte)('0' + (value >> 4));
        destination[5] = "0123456789abcdef"u8[value & 0xF];
        return MaxLength;
    }

    /// <summary>A text as a JSON string, quotation marks included.</summary>
    public static byte[] ToJsonString(ReadOnlySpan<byte> text)
    {
        var made = new ArrayBufferWriter<byte>(text.Length + 2);
        made.Write("\""u8);
        foreach (byte value in text)
        {
            Span<byte> room = made.GetSpan(MaxLength);
            if (Escaped.Contains(value))
            {
                made.Advance(Write(value, room));
            }
            else
            {
                room[0] = value;
                made.Advance(1);
            }
        }

        made.Write("\""u8);
        return made.WrittenSpan.ToArray();
    }
}
