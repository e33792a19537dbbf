namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>A server's side of a conversation in memory: each write of the client lets it say its next part; after the last it has hung up.</summary>
internal sealed class MemoryServer(IReadOnlyList<byte[]> parts) : Stream
{
    private int _heard;
    private int _part;
    private int _at;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        while (_part < parts.Count && _part < _heard && _at == parts[_part].Length)
        {
            _part++;
            _at = 0;
        }

        if (_part >= parts.Count || _part >= _heard)
        {
            return 0;
        }

        ReadOnlySpan<byte> left = parts[_part].AsSpan(_at);
        int length = Math.Min(left.Length, buffer.Length);
        left[..length].CopyTo(buffer);
        _at += length;
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new ValueTask<int>(Read(buffer.Span));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _heard++;
        return default;
    }

    public override void Write(byte[] buffer, int offset, int count) => _heard++;

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
