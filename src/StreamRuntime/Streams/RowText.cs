using System.Buffers;
using System.Runtime.Intrinsics;
using System.Text.Unicode;

namespace StreamRuntime.Streams;

/// <summary>Looks at a row's bytes once, as cheaply as may be: can they break a line, are they text at all?</summary>
internal static class RowText
{
    // Control characters that end a line in NDJSON, in server-sent events, or in both.
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\n\r"u8);

    /// <summary>
    /// True for a row of printable ASCII: valid UTF-8, no NUL and no line break, so nothing else needs to look at it again.
    /// One signed compare does all three, because bytes of 0x80 and above are negative and control characters are small.
    /// </summary>
    public static bool IsPlain(ReadOnlySpan<byte> row)
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated && row.Length >= Vector256<byte>.Count)
        {
            Vector256<sbyte> floor = Vector256.Create((sbyte)0x1F);
            int last = row.Length - Vector256<byte>.Count;
            for (; i < last; i += Vector256<byte>.Count)
            {
                if (!Vector256.GreaterThanAll(Vector256.Create(row[i..]).AsSByte(), floor))
                {
                    return false;
                }
            }

            // The last vector overlaps the one before it, so no scalar tail is left.
            return Vector256.GreaterThanAll(Vector256.Create(row[last..]).AsSByte(), floor);
        }

        for (; i < row.Length; i++)
        {
            if ((sbyte)row[i] <= 0x1F)
            {
                return false;
            }
        }

        return true;
    }

    public static bool HasLineBreak(ReadOnlySpan<byte> row) => row.ContainsAny(LineBreaks);

    public static bool IsUtf8WithoutNul(ReadOnlySpan<byte> row) => !row.Contains((byte)0) && Utf8.IsValid(row);

    /// <summary>Copies a row with each line feed and carriage return as a space; both are only white space in JSON.</summary>
    public static void CopyOnOneLine(ReadOnlySpan<byte> row, Span<byte> destination)
    {
        row.CopyTo(destination);
        Span<byte> copy = destination[..row.Length];
        for (int at = copy.IndexOfAny(LineBreaks); at >= 0; at = copy.IndexOfAny(LineBreaks))
        {
            copy[at] = (byte)' ';
            copy = copy[(at + 1)..];
        }
    }
}
