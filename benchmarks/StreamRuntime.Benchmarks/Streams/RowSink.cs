using System.Runtime.CompilerServices;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>Where rows end up: it counts them, and looks at both ends of each. Everybody hands rows over by the same call.</summary>
internal sealed class RowSink
{
    public long Rows { get; private set; }

    public long Bytes { get; private set; }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Take(ReadOnlySpan<byte> row)
    {
        if (row[0] == (byte)'{' && row[^1] == (byte)'}')
        {
            Rows++;
            Bytes += row.Length;
        }
    }
}
