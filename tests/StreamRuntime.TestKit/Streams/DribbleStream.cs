namespace StreamRuntime.TestKit.Streams;

/// <summary>Reads another stream in pieces of chosen sizes, like a network would. Writes pass through.</summary>
/// <param name="inner">The stream to read; disposed with this one.</param>
/// <param name="segmentation">The sizes of the pieces.</param>
/// <param name="completesLater">True completes every asynchronous read later, on another thread; false as the inner stream does.</param>
public sealed class DribbleStream(Stream inner, Segmentation segmentation, bool completesLater = false) : Stream
{
    private long _position;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => inner.CanWrite;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>How many reads returned bytes.</summary>
    public int Pieces { get; private set; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => Count(inner.Read(buffer.IsEmpty ? buffer : buffer[..segmentation.Next(_position, buffer.Length)]));

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (completesLater)
        {
            await Task.Yield();
        }

        return Count(await inner.ReadAsync(buffer.IsEmpty ? buffer : buffer[..segmentation.Next(_position, buffer.Length)], cancellationToken));
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Count(int read)
    {
        _position += read;
        Pieces += read > 0 ? 1 : 0;
        return read;
    }
}
