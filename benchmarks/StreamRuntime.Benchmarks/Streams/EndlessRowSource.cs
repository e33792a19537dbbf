using System.Diagnostics;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>A source that always has rows at once, and knows when it delivered last. One stream uses it.</summary>
internal sealed class EndlessRowSource(int rowsPerReceive) : IRowSource
{
    private readonly byte[] _bytes = SampleRows.Make(rowsPerReceive, SampleRows.SmallRowBytes);
    private long _lastReceiveAt;

    /// <summary>When the latest receive ended, as a <see cref="Stopwatch"/> timestamp.</summary>
    public long LastReceiveAt => Volatile.Read(ref _lastReceiveAt);

    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        rows.Attach(_bytes);
        for (int i = 0; i < rowsPerReceive; i++)
        {
            rows.Add(i * (SampleRows.SmallRowBytes + 1), SampleRows.SmallRowBytes);
        }

        Volatile.Write(ref _lastReceiveAt, Stopwatch.GetTimestamp());
        return new ValueTask<bool>(true);
    }

    public ValueTask DisposeAsync() => default;
}
