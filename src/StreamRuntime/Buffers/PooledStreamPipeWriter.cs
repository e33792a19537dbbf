using System.Buffers;
using System.IO.Pipelines;

namespace StreamRuntime.Buffers;

/// <summary>
/// A <see cref="PipeWriter"/> over a stream with one pooled buffer that is kept from flush to flush, so that a long copy allocates nothing a flush.
/// </summary>
/// <remarks>Not thread-safe. The stream is left open.</remarks>
internal sealed class PooledStreamPipeWriter : PipeWriter
{
    private const int SmallestBuffer = 64 * 1024;

    private readonly Stream _stream;
    private readonly long _mostKept;
    private byte[] _buffer = [];
    private int _written;

    /// <param name="stream">Where to write.</param>
    /// <param name="mostKept">The largest buffer kept from flush to flush, in bytes; one that a huge row needed is given back.</param>
    public PooledStreamPipeWriter(Stream stream, long mostKept)
    {
        _stream = stream;
        _mostKept = Math.Max(mostKept, SmallestBuffer);
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsMemory(_written);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsSpan(_written);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - _written);
        _written += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_written == 0)
        {
            return default;
        }

        ValueTask write = _stream.WriteAsync(_buffer.AsMemory(0, _written), cancellationToken);
        _written = 0;
        return write.IsCompletedSuccessfully ? Finish(write) : FlushSlowAsync(write);

        static ValueTask<FlushResult> Finish(ValueTask write)
        {
            write.GetAwaiter().GetResult();
            return default;
        }

        static async ValueTask<FlushResult> FlushSlowAsync(ValueTask write)
        {
            await write.ConfigureAwait(false);
            return default;
        }
    }

    public override void CancelPendingFlush() => throw new NotSupportedException("Cancel the flush through its token.");

    public override void Complete(Exception? exception = null)
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        _written = 0;
    }

    private void EnsureRoom(int sizeHint)
    {
        int needed = Math.Max(1, sizeHint);
        if (_written == 0 && _buffer.Length > _mostKept && needed <= _mostKept)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        if (_buffer.Length - _written >= needed)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(Math.Max((long)_written + needed, SmallestBuffer), _buffer.Length * 2L)));
        _buffer.AsSpan(0, _written).CopyTo(larger);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = larger;
    }
}
