using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using StreamRuntime.Buffers;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Lines of a stream, pointed out in the receive buffer, which is ours.</summary>
internal sealed class NdjsonFromStream(ReceivePipeReader input) : IRowSource
{
    private readonly ReceivePipeReader _input = input;
    private RowWriter? _rows;
    private int _taken;
    private int _scanned;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        _rows = rows;
        Consume();
        bool last;
        try
        {
            last = await _input.ReceiveAsync(0, cancellationToken).ConfigureAwait(false) == 0;
        }
        catch (Exception failure) when (failure is not StreamRuntimeException && !cancellationToken.IsCancellationRequested)
        {
            throw new StreamRuntimeException(ErrorKind.Source, $"Reading failed: {failure.Message}", failure);
        }

        rows.Attach(_input.Buffered);
        try
        {
            _taken = NdjsonLines.Add(_input.BufferedSpan, rows, _scanned, last);
        }
        catch (StreamRuntimeException)
        {
            // The rows before the one that is refused are delivered, and a token may be asked for after them.
            _taken = EndOfRows(rows);
            throw;
        }

        ReadOnlySpan<byte> partial = _input.BufferedSpan[_taken..];
        _scanned = partial.Length;

        // A carriage return at the very end may turn out to belong to the line's end.
        rows.CheckRowSize(NdjsonLines.RowLength(partial));
        return !last;
    }

    public int ReleaseIdleMemory()
    {
        Consume();
        _input.ReleaseIdleMemory();
        return _input.Buffered.Length;
    }

    /// <summary>How many of the bytes that were received belong to the last so many rows of the latest receive, or come behind them.</summary>
    public int CountFrom(int undelivered)
    {
        if (undelivered == 0)
        {
            return _input.Buffered.Length - _taken;
        }

        // A row names its place in the buffer's array.
        MemoryMarshal.TryGetArray(_input.Buffered, out ArraySegment<byte> buffered);
        return buffered.Offset + buffered.Count - _rows!.Rows[^undelivered].Offset;
    }

    /// <summary>Leaves the buffer to whoever still looks at it.</summary>
    public void Detach() => _input.Detach();

    public ValueTask DisposeAsync()
    {
        if (_rows is { Count: > 0 })
        {
            // The consumer may still hold rows that lie in the buffer.
            _input.Detach();
        }

        return _input.CompleteAsync();
    }

    private int EndOfRows(RowWriter rows)
    {
        if (rows.Count == 0)
        {
            return 0;
        }

        MemoryMarshal.TryGetArray(_input.Buffered, out ArraySegment<byte> buffered);
        RowSpan last = rows.Rows[^1];
        int end = last.Offset - buffered.Offset + last.Length;
        return end + _input.BufferedSpan[end..].IndexOf((byte)'\n') + 1;
    }

    private void Consume()
    {
        _input.Consume(_taken);
        _taken = 0;
    }
}
