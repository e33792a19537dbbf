using System.Runtime.InteropServices;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>The rows that streams are measured with, as NDJSON in memory.</summary>
internal static class SampleRows
{
    public const int SmallRowBytes = 200;

    public const int LargeRowBytes = 2048;

    // Different enough not to be predicted, few enough to be made quickly.
    private const int Different = 1000;

    public static byte[] Make(int rows, int rowBytes)
    {
        byte[] lines = GC.AllocateUninitializedArray<byte>(checked(rows * (rowBytes + 1)));
        using var first = new MemoryStream(lines);
        var source = JsonRowStream.Create(new SampleRowSource(Math.Min(rows, Different), rowBytes));
        Completed.Now(source.CopyToAsync(first));
        int made = (int)first.Position;
        while (made < lines.Length)
        {
            int copied = Math.Min(made, lines.Length - made);
            lines.AsSpan(0, copied).CopyTo(lines.AsSpan(made));
            made += copied;
        }

        return lines;
    }

    /// <summary>A source over the memory itself.</summary>
    public static IRowSource FromMemory(ReadOnlyMemory<byte> lines) => NdjsonRowSource.FromMemory(lines);

    /// <summary>A source over a stream that hands out the memory as fast as it is asked to.</summary>
    public static IRowSource FromStream(ReadOnlyMemory<byte> lines)
    {
        MemoryMarshal.TryGetArray(lines, out ArraySegment<byte> bytes);
        return NdjsonRowSource.FromStream(new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false));
    }
}
