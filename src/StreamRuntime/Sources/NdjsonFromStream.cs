using System.Runtime.CompilerServices;
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
        _input.Consume(_taken);
        _taken = 0;
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
        _taken = NdjsonLines.Add(_input.BufferedSpan, rows, _scanned, last);
        ReadOnlySpan<byte> partial = _input.BufferedSpan[_taken..];
        _scanned = partial.Length;

        // A carriage return at the very end may turn out to belong to the line's end.
        rows.CheckRowSize(NdjsonLines.RowLength(partial));
        return !last;
    }

    public int ReleaseIdleMemory()
    {
        _input.Consume(_taken);
        _taken = 0;
        _input.ReleaseIdleMemory();
        return _input.Buffered.Length;
    }

    public ValueTask DisposeAsync()
    {
        if (_rows is { Count: > 0 })
        {
            // The consumer may still hold rows that lie in the buffer.
            _input.Detach();
        }

        return _input.CompleteAsync();
    }
}
