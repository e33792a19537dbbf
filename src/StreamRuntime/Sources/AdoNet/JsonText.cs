using System.Buffers;
using System.Text;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Text as JSON strings, with the escapes JSON demands and no others.</summary>
internal static class JsonText
{
    private const int LongestEscape = 6;

    // So many characters are made UTF-8 at a time; three bytes is the most that one of them takes.
    private const int ChunkChars = 1024;

    /// <summary>What must be escaped: control characters, the quotation mark and the backslash.</summary>
    public static SearchValues<byte> Escaped { get; } = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        (byte)'"', (byte)'\\',
    ]);

    /// <summary>Writes a text as a JSON string, quotation marks included. What is no Unicode text becomes U+FFFD.</summary>
    public static void WriteString(ReadOnlySpan<char> text, RowBuffer output)
    {
        output.Write((byte)'"');
        WriteChars(text, output);
        output.Write((byte)'"');
    }

    /// <summary>Writes text that is ASCII and needs no escape as a JSON string.</summary>
    public static void WritePlainString(ReadOnlySpan<byte> ascii, RowBuffer output)
    {
        output.Write((byte)'"');
        output.Write(ascii);
        output.Write((byte)'"');
    }

    /// <summary>Writes a part of a JSON string. The part must not end between the halves of a surrogate pair.</summary>
    public static void WriteChars(ReadOnlySpan<char> text, RowBuffer output)
    {
        while (!text.IsEmpty)
        {
            ReadOnlySpan<char> chunk = text[..Math.Min(ChunkChars, text.Length)];
            if (chunk.Length < text.Length && char.IsHighSurrogate(chunk[^1]))
            {
                chunk = chunk[..^1];
            }

            Span<byte> free = output.GetSpan(Encoding.UTF8.GetMaxByteCount(chunk.Length));
            Span<byte> made = free[..Encoding.UTF8.GetBytes(chunk, free)];
            int plain = made.IndexOfAny(Escaped);
            if (plain < 0)
            {
                output.Advance(made.Length);
            }
            else
            {
                WriteEscapedChunk(made, plain, output);
            }

            text = text[chunk.Length..];
        }
    }

    /// <summary>Writes a part of a JSON string. Escaping works byte by byte, so a string may be written in any parts.</summary>
    public static void WriteEscaped(ReadOnlySpan<byte> text, RowBuffer output)
    {
        for (int plain = text.IndexOfAny(Escaped); plain >= 0; plain = text.IndexOfAny(Escaped))
        {
            output.Write(text[..plain]);
            output.Advance(WriteEscape(text[plain], output.GetSpan(LongestEscape)));
            text = text[(plain + 1)..];
        }

        output.Write(text);
    }

    /// <summary>Writes text as it is, as UTF-8.</summary>
    public static void WriteRaw(ReadOnlySpan<char> text, RowBuffer output)
    {
        while (!text.IsEmpty)
        {
            ReadOnlySpan<char> chunk = text[..Math.Min(ChunkChars, text.Length)];
            if (chunk.Length < text.Length && char.IsHighSurrogate(chunk[^1]))
            {
                chunk = chunk[..^1];
            }

            output.Advance(Encoding.UTF8.GetBytes(chunk, output.GetSpan(Encoding.UTF8.GetMaxByteCount(chunk.Length))));
            text = text[chunk.Length..];
        }
    }

    /// <summary>A text as a JSON string.</summary>
    public static byte[] ToJsonString(string text)
    {
        var made = new ArrayBufferWriter<byte>(text.Length + 2);
        made.Write("\""u8);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            Span<byte> free = made.GetSpan(LongestEscape);
            free[0] = value;
            made.Advance(Escaped.Contains(value) ? WriteEscape(value, free) : 1);
        }

        made.Write("\""u8);
        return made.WrittenSpan.ToArray();
    }

    private static void WriteEscapedChunk(ReadOnlySpan<byte> made, int plain, RowBuffer output)
    {
        // The text lies where its escaped form has to go, so the part behind the first escape steps aside.
        Span<byte> rest = stackalloc byte[3 * (ChunkChars + 1)];
        rest = rest[..(made.Length - plain)];
        made[plain..].CopyTo(rest);
        output.Advance(plain);
        WriteEscaped(rest, output);
    }

    private static int WriteEscape(byte value, Span<byte> destination)
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
        return LongestEscape;
    }
}
