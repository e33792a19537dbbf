using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Lines that are all in memory already, pointed out where they lie, some at a time.</summary>
internal sealed class NdjsonFromMemory(ReadOnlyMemory<byte> lines) : IRowSource
{
    private ReadOnlyMemory<byte> _rest = lines;
    private int _scanned;

    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReadOnlySpan<byte> rest = _rest.Span;

        // The first line decides, since it may be larger than what is taken at once. The search for the others goes on behind it, so nothing is searched twice.
        int found = rest[_scanned..].IndexOf((byte)'\n');
        int lineEnd = found < 0 ? rest.Length : _scanned + found;
        rows.CheckRowSize(NdjsonLines.RowLength(rest[..lineEnd]));
        int size = Math.Min(rest.Length, Math.Max(rows.MaxBufferedBytes, lineEnd + 1));
        rows.Attach(_rest[..size]);
        int taken = NdjsonLines.Add(rest[..size], rows, lineEnd, last: size == rest.Length);
        _scanned = size - taken;
        _rest = _rest[taken..];
        return new ValueTask<bool>(!_rest.IsEmpty);
    }

    public ValueTask DisposeAsync() => default;
}
