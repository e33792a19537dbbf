using System.Threading.Tasks.Sources;

namespace StreamRuntime.Tests.Sources;

/// <summary>A stream whose every read is pending until the test delivers, and that allocates nothing for it.</summary>
/// <remarks>Whatever awaits a read goes on inside <see cref="Deliver"/>, so that all of it runs on the thread whose allocation is counted.</remarks>
internal sealed class PromptedStream(byte[] bytes, int pieceBytes) : Stream, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _buffer;
    private int _at;

    public int Reads { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Ends the pending read with the next piece, or with nothing at the end.</summary>
    public void Deliver()
    {
        int count = Math.Min(Math.Min(pieceBytes, _buffer.Length), bytes.Length - _at);
        bytes.AsSpan(_at, count).CopyTo(_buffer.Span);
        _at += count;
        _read.SetResult(count);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Reads++;
        _buffer = buffer;
        _read.Reset();
        return new ValueTask<int>(this, _read.Version);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);
}
