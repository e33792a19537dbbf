using Microsoft.Win32.SafeHandles;

namespace StreamRuntime.Cli.Sources;

/// <summary>Standard input as a stream whose pending read can be given up.</summary>
/// <remarks>
/// A read of a pipe or terminal blocks a thread of the pool and can't be called back. So it goes into a buffer of our own, and whoever gives up waiting
/// leaves it behind together with that buffer. Not thread-safe.
/// </remarks>
internal sealed class StandardInput : Stream
{
    private readonly Stream _input;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Task<int>? _reading;

    private StandardInput(Stream input) => _input = input;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static Stream Open()
    {
        if (OperatingSystem.IsWindows())
        {
            return new StandardInput(Console.OpenStandardInput());
        }

        var file = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        return file.CanSeek ? file : new StandardInput(file);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _reading ??= _input.ReadAsync(_buffer, 0, Math.Min(_buffer.Length, buffer.Length), CancellationToken.None);
        int received = await _reading.WaitAsync(cancellationToken);
        _reading = null;
        _buffer.AsSpan(0, received).CopyTo(buffer.Span);
        return received;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
