using System.Net.Sockets;

namespace StreamRuntime.Postgres.Transport;

/// <summary>
/// A TCP socket as a stream that, while a result pours in, has the kernel wake us once for many small segments instead of once for each.
/// </summary>
/// <remarks>
/// <para>
/// PostgreSQL sends about 8 KB at a time. A reader that is faster than the server is woken for each of these, and waking costs several times what the
/// rows in them do. The socket's low-water mark (SO_RCVLOWAT, socket(7)) lets the kernel hold the wake-up back until more has come. What is already there
/// can still be received at any time, so the mark delays only a reader that has nothing to do.
/// </para>
/// <para>
/// A mark must never hold back the last bytes of a result. It is set only while receives follow each other quickly, and a timer that runs just as
/// long lowers it again as soon as one tick passes without a receive; lowering it makes the kernel look at once (since Linux 4.18). So a reader waits at
/// most two ticks longer than without. One reader; the timer's callback shares only two fields with it.
/// </para>
/// </remarks>
internal sealed class BulkReceiveStream : Stream
{
    // So many receives must follow each other within so short a time before it pays: at this pace a tick brings several marks' worth.
    private const int ReceivesToEnter = 8;
    private static readonly TimeSpan TimeToEnter = TimeSpan.FromMilliseconds(8);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(3);

    // A quarter of the receive buffer leaves the sender three quarters to go on with while we wake up.
    private const int MostBytes = 128 * 1024;
    private const int LeastBytes = 16 * 1024;

    private static readonly bool IsSupported = OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(4, 18);

    // Real time, whatever clock the options name: this waits for the kernel, not for a deadline.
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Socket _socket;
    private ITimer? _timer;
    private long _enteredAt;
    private int _receives;
    private int _receivesAtTick;
    private volatile bool _isBulk;

    public BulkReceiveStream(Socket socket) => _socket = socket;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int receives = _receives + 1;
        Volatile.Write(ref _receives, receives);
        if (receives % ReceivesToEnter == 0 && IsSupported && !_isBulk)
        {
            EnterWhenQuick();
        }

        return _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            buffer = buffer[await _socket.SendAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => _socket.Receive(buffer, offset, count, SocketFlags.None);

    public override void Write(byte[] buffer, int offset, int count)
    {
        for (int sent = 0; sent < count;)
        {
            sent += _socket.Send(buffer, offset + sent, count - sent, SocketFlags.None);
        }
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _timer?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void EnterWhenQuick()
    {
        long now = _time.GetTimestamp();
        TimeSpan since = _time.GetElapsedTime(_enteredAt, now);
        _enteredAt = now;
        if (since > TimeToEnter)
        {
            return;
        }

        int bytes = Math.Clamp(_socket.ReceiveBufferSize / 4, LeastBytes, MostBytes);
        _receivesAtTick = _receives;
        _isBulk = true;
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, bytes);
        _timer ??= _time.CreateTimer(static stream => ((BulkReceiveStream)stream!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(Tick, Tick);
    }

    private void Look()
    {
        int receives = Volatile.Read(ref _receives);
        if (receives != _receivesAtTick)
        {
            _receivesAtTick = receives;
            return;
        }

        // Nothing was received for a whole tick: the result has ended, slowed down, or nobody reads it.
        try
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, 1);
        }
        catch (Exception failure) when (failure is ObjectDisposedException or SocketException)
        {
            // The socket was closed meanwhile; nobody waits on it any more.
        }

        _isBulk = false;
    }
}
