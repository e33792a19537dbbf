using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Finds the lines of received bytes, and in the same pass whether each is plain text, so that no row is looked at twice.</summary>
internal static class NdjsonLines
{
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
        ref byte first = ref MemoryMarshal.GetReference(bytes);
        int start = 0;
        int at = scanned;

        // What was scanned before was looked at for line feeds only.
        bool isPlain = scanned == 0;
        if (vectorBytes == Vector512<byte>.Count)
        {
            for (; bytes.Length - at >= Vector512<byte>.Count; at += Vector512<byte>.Count)
            {
                var vector = Vector512.LoadUnsafe(ref first, (nuint)at);
                ulong unplain = Vector512.LessThan(vector.AsSByte(), Vector512.Create(RowText.FirstPlain)).ExtractMostSignificantBits();
                if (unplain != 0)
                {
                    ulong feeds = Vector512.Equals(vector, Vector512.Create((byte)'\n')).ExtractMostSignificantBits();
                    AddEndedInVector(bytes, rows, at, feeds, unplain & ~feeds, ref start, ref isPlain);
                }
            }
        }
        else if (vectorBytes == Vector256<byte>.Count)
        {
            for (; bytes.Length - at >= Vector256<byte>.Count; at += Vector256<byte>.Count)
            {
                var vector = Vector256.LoadUnsafe(ref first, (nuint)at);
                uint unplain = Vector256.LessThan(vector.AsSByte(), Vector256.Create(RowText.FirstPlain)).ExtractMostSignificantBits();
                if (unplain != 0)
                {
                    uint feeds = Vector256.Equals(vector, Vector256.Create((byte)'\n')).ExtractMostSignificantBits();
                    AddEndedInVector(bytes, rows, at, feeds, unplain & ~feeds, ref start, ref isPlain);
                }
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

    /// <summary>Adds the lines that end in one vector.</summary>
    /// <param name="bytes">All bytes.</param>
    /// <param name="rows">Takes the lines.</param>
    /// <param name="at">Where the vector begins.</param>
    /// <param name="feeds">A bit for each line feed in it.</param>
    /// <param name="others">A bit for each other byte that is not plain.</param>
    /// <param name="start">Where the line at hand begins.</param>
    /// <param name="isPlain">Whether all of it up to here is plain.</param>
    private static void AddEndedInVector(ReadOnlySpan<byte> bytes, RowWriter rows, int at, ulong feeds, ulong others, ref int start, ref bool isPlain)
    {
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
