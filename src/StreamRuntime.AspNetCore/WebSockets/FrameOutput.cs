using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Where a connection's frames are written. Everything up to a flush is one write; between two flushes it holds no memory.</summary>
/// <remarks>Not thread-safe: whoever has the turn uses it. The response's own pipe is closed to us once it is upgraded; the stream is left open.</remarks>
internal sealed class FrameOutput(Stream transport) : PipeWriter
{
    // A control frame, or the header of a larger one.
    private const int SmallestBuffer = 256;

    private byte[]? _buffer;
    private int _written;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written;

    public override Memory<byte> GetMemory(int sizeHint = 0) => EnsureRoom(sizeHint).AsMemory(_written);

    public override Span<byte> GetSpan(int sizeHint = 0) => EnsureRoom(sizeHint).AsSpan(_written);

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_buffer?.Length ?? 0) - _written);
        _written += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_written == 0)
        {
            return default;
        }

        bool isUnderWay = false;
        try
        {
            ValueTask write = transport.WriteAsync(_buffer.AsMemory(0, _written), cancellationToken);
            if (!write.IsCompleted)
            {
                isUnderWay = true;
                return FinishAsync(write);
            }

            write.GetAwaiter().GetResult();
            return default;
        }
        finally
        {
            if (!isUnderWay)
            {
                Release();
            }
        }
    }

    public override void CancelPendingFlush() => throw new NotSupportedException("Cancel the flush through its token.");

    public override void Complete(Exception? exception = null) => Release();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FinishAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
            return default;
        }
        finally
        {
            Release();
        }
    }

    private byte[] EnsureRoom(int sizeHint)
    {
        int needed = _written + Math.Max(1, sizeHint);
        if (_buffer is null || _buffer.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, SmallestBuffer));
            _buffer.AsSpan(0, _written).CopyTo(larger);
            if (_buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        return _buffer;
    }

    private void Release()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _written = 0;
    }
}
