using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Finds the lines of received bytes, and in the same pass whether each is plain text, so that no row is looked at twice.</summary>
internal static class NdjsonLines
{
    private const int BlockBytes = 64;

    /// <summary>Adds every whole line. A carriage return before the line feed is dropped; empty lines are skipped.</summary>
    /// <param name="bytes">What was received, attached to <paramref name="rows"/>; begins with the start of a line.</param>
    /// <param name="rows">Takes the lines.</param>
    /// <param name="scanned">So many bytes at the front are known to hold no line feed.</param>
    /// <param name="last">True when the input ends with these bytes, and its last line with it.</param>
    /// <returns>How many bytes the lines take, line ends included.</returns>
    public static int Add(ReadOnlySpan<byte> bytes, RowWriter rows, int scanned, bool last)
    {
        int start = AddEnded(bytes, rows, scanned, Vector512.IsHardwareAccelerated ? 64 : Vector256.IsHardwareAccelerated ? 32 : 0);
        if (last && start < bytes.Length)
        {
            AddLine(bytes, rows, start, bytes.Length, isPlain: false);
            start = bytes.Length;
        }

        return start;
    }

    /// <summary>The size of a line without the carriage return it may end with.</summary>
    public static int RowLength(ReadOnlySpan<byte> line) => line is [.., (byte)'\r'] ? line.Length - 1 : line.Length;

    /// <summary>Adds the lines that have ended, found in vectors of a given size: 64, 32, or 0 for none.</summary>
    internal static int AddEnded(ReadOnlySpan<byte> bytes, RowWriter rows, int scanned, int vectorBytes)
    {
        int start = 0;
        int at = scanned;

        // What was scanned before was looked at for line feeds only.
        bool isPlain = scanned == 0;
        if (vectorBytes != 0)
        {
            for (; bytes.Length - at >= BlockBytes; at += BlockBytes)
            {
                ulong unplain = vectorBytes == Vector512<byte>.Count ? LookBy512(bytes, at, out ulong feeds) : LookBy256(bytes, at, out feeds);
                if (unplain == 0)
                {
                    continue;
                }

                ulong others = unplain & ~feeds;
                while (feeds != 0)
                {
                    ulong before = (feeds & (0 - feeds)) - 1;
                    int end = at + BitOperations.TrailingZeroCount(feeds);
                    AddLine(bytes, rows, start, end, isPlain && (others & before) == 0);
                    start = end + 1;
                    isPlain = true;
                    others &= ~before;
                    feeds &= feeds - 1;
                }

                isPlain = isPlain && others == 0;
            }
        }

        for (int found = bytes[at..].IndexOf((byte)'\n'); found >= 0; found = bytes[at..].IndexOf((byte)'\n'))
        {
            AddLine(bytes, rows, start, at + found, isPlain: false);
            at += found + 1;
            start = at;
        }

        return start;
    }

    /// <summary>Looks at 64 bytes: a bit for each that is not plain, and, where there is any, for each line feed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LookBy512(ReadOnlySpan<byte> bytes, int at, out ulong feeds)
    {
        var vector = Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(bytes), (nuint)at);
        ulong unplain = Vector512.LessThan(vector.AsSByte(), Vector512.Create(RowText.FirstPlain)).ExtractMostSignificantBits();
        feeds = unplain == 0 ? 0 : Vector512.Equals(vector, Vector512.Create((byte)'\n')).ExtractMostSignificantBits();
        return unplain;
    }

    /// <summary>The same in two halves.</summary>
    private static ulong LookBy256(ReadOnlySpan<byte> bytes, int at, out ulong feeds)
    {
        var low = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(bytes), (nuint)at);
        var high = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(bytes), (nuint)at + 32);
        var first = Vector256.Create(RowText.FirstPlain);
        var feed = Vector256.Create((byte)'\n');
        feeds = Vector256.Equals(low, feed).ExtractMostSignificantBits() | (ulong)Vector256.Equals(high, feed).ExtractMostSignificantBits() << 32;
        return Vector256.LessThan(low.AsSByte(), first).ExtractMostSignificantBits() | (ulong)Vector256.LessThan(high.AsSByte(), first).ExtractMostSignificantBits() << 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddLine(ReadOnlySpan<byte> bytes, RowWriter rows, int start, int end, bool isPlain)
    {
        // A plain line has no carriage return to drop.
        int length = isPlain ? end - start : RowLength(bytes[start..end]);
        if (length > 0)
        {
            rows.AddScanned(start, length, isPlain);
        }
    }
}
