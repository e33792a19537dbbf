using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Finds lines in bytes that lie in one piece.</summary>
internal static class NdjsonLines
{
    /// <summary>Adds every whole line of the attached bytes; returns how many bytes they take, line ends included.</summary>
    /// <param name="bytes">What was attached to <paramref name="rows"/>.</param>
    /// <param name="rows">Takes the rows.</param>
    /// <param name="scanned">How many bytes at the front are known to hold no line end.</param>
    /// <param name="last">True when the input ends with these bytes, and its last line with it.</param>
    public static int Add(ReadOnlySpan<byte> bytes, RowWriter rows, int scanned, bool last)
    {
        int start = 0;
        int from = scanned;
        for (int found = bytes[from..].IndexOf((byte)'\n'); found >= 0; found = bytes[from..].IndexOf((byte)'\n'))
        {
            AddLine(bytes, rows, start, from + found);
            start = from + found + 1;
            from = start;
        }

        if (last && start < bytes.Length)
        {
            AddLine(bytes, rows, start, bytes.Length);
            start = bytes.Length;
        }

        return start;
    }

    /// <summary>The size of a line without the carriage return it may end with.</summary>
    public static int RowLength(ReadOnlySpan<byte> line) => line is [.., (byte)'\r'] ? line.Length - 1 : line.Length;

    private static void AddLine(ReadOnlySpan<byte> bytes, RowWriter rows, int start, int end)
    {
        int length = RowLength(bytes[start..end]);
        if (length > 0)
        {
            rows.Add(start, length);
        }
    }
}
