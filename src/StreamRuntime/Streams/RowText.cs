using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Unicode;

namespace StreamRuntime.Streams;

/// <summary>Looks at a row's bytes once, as cheaply as may be: can they break a line, are they text at all?</summary>
internal static class RowText
{
    /// <summary>As a signed number, every plain byte is at least this.</summary>
    public const sbyte FirstPlain = (sbyte)' ';

    // Control characters that end a line in NDJSON, in server-sent events, or in both.
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\n\r"u8);

    /// <summary>
    /// True for a row of printable ASCII: valid UTF-8, no NUL and no line break, so nothing else needs to look at it again.
    /// One signed minimum does all three, because bytes of 0x80 and above are negative and control characters are small.
    /// </summary>
    /// <remarks>Nearly every row is plain, so the loops look at the whole row and branch once, at its end. The last vector overlaps the one before it.</remarks>
    public static bool IsPlain(ReadOnlySpan<byte> row)
    {
        if (Vector512.IsHardwareAccelerated && row.Length >= Vector512<byte>.Count)
        {
            return IsPlainBy512(row);
        }

        if (Vector256.IsHardwareAccelerated && row.Length >= Vector256<byte>.Count)
        {
            return IsPlainBy256(row);
        }

        return Vector128.IsHardwareAccelerated && row.Length >= Vector128<byte>.Count ? IsPlainBy128(row) : IsPlainByByte(row);
    }

    /// <summary>For rows of at least 64 bytes.</summary>
    internal static bool IsPlainBy512(ReadOnlySpan<byte> row)
    {
        ref byte start = ref MemoryMarshal.GetReference(row);
        nuint last = (nuint)(row.Length - Vector512<byte>.Count);
        Vector512<sbyte> least = Vector512.LoadUnsafe(ref start, last).AsSByte();
        for (nuint i = 0; i < last; i += (nuint)Vector512<byte>.Count)
        {
            least = Vector512.Min(least, Vector512.LoadUnsafe(ref start, i).AsSByte());
        }

        return Vector512.GreaterThanOrEqualAll(least, Vector512.Create(FirstPlain));
    }

    /// <summary>For rows of at least 32 bytes.</summary>
    internal static bool IsPlainBy256(ReadOnlySpan<byte> row)
    {
        ref byte start = ref MemoryMarshal.GetReference(row);
        nuint last = (nuint)(row.Length - Vector256<byte>.Count);
        Vector256<sbyte> least = Vector256.LoadUnsafe(ref start, last).AsSByte();
        for (nuint i = 0; i < last; i += (nuint)Vector256<byte>.Count)
        {
            least = Vector256.Min(least, Vector256.LoadUnsafe(ref start, i).AsSByte());
        }

        return Vector256.GreaterThanOrEqualAll(least, Vector256.Create(FirstPlain));
    }

    /// <summary>For rows of at least 16 bytes.</summary>
    internal static bool IsPlainBy128(ReadOnlySpan<byte> row)
    {
        ref byte start = ref MemoryMarshal.GetReference(row);
        nuint last = (nuint)(row.Length - Vector128<byte>.Count);
        Vector128<sbyte> least = Vector128.LoadUnsafe(ref start, last).AsSByte();
        for (nuint i = 0; i < last; i += (nuint)Vector128<byte>.Count)
        {
            least = Vector128.Min(least, Vector128.LoadUnsafe(ref start, i).AsSByte());
        }

        return Vector128.GreaterThanOrEqualAll(least, Vector128.Create(FirstPlain));
    }

    internal static bool IsPlainByByte(ReadOnlySpan<byte> row)
    {
        foreach (byte value in row)
        {
            if ((sbyte)value < FirstPlain)
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
