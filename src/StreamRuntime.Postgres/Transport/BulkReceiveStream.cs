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
/// A mark must never hold back the last bytes of a result for long. The mark is what the measured pace brings in a wait of a hundredth of the time the result
/// has poured so far, from a part of a tick to a few milliseconds: what a long result may lose at its end is in proportion to it.
/// <see cref="BulkReceiveWatch"/> looks at every stream with a mark once a tick and takes the mark away when twice that wait has passed without a receive;
/// lowering it makes the kernel look at once (since Linux 4.18). Sending anything takes the mark away as well, and its pace is forgotten: an answer is waited for then, which may be
/// short.
/// </para>
/// <para>One reader. Everything about the mark is changed under the lock; the reader's own path takes it only to set one.</para>
/// </remarks>
internal sealed class BulkReceiveStream : Stream
{
    // The pace is measured over so many receives, which costs two system calls.
    private const int ReceivesToMeasure = 8;

    // A mark below two of the server's sends saves nothing.
    private const int LeastBytes = 16 * 1024;

    // Beyond half a second-level cache, what was received has left it before it is read.
    private const int MostBytes = 512 * 1024;

    // A wait may take this part of the time the result has poured so far.
    private const int WaitsPerAge = 100;

    // Beyond this, wake-ups are too few to count.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(4);

    // At first a wait takes a part of a tick, so that one that takes a whole tick is no longer the pace that was measured.
    private static readonly TimeSpan ShortestWait = BulkReceiveWatch.Tick / 3;

    // The pace of many ticks is steadier than that of one, and asking for it costs system calls; that something was received costs none.
    private const int TicksToMeasure = 8;

    private static readonly bool IsSupported = OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(4, 18);

    // Real time, whatever clock the options name: this waits for the kernel, not for a deadline.
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Socket _socket;
    private readonly Lock _lock = new();
    private long _measuredAt;
    private long _bytesAtMeasure;
    private int _receives;
    private int _receivesAtTick;
    private int _ticks;
    private int _silentTicks;
    private int _mostSilentTicks;
    private long _bulkSince;
    private int _mark;
    private volatile bool _isBulk;

    public BulkReceiveStream(Socket socket) => _socket = socket;

    /// <summary>Whether the socket has a mark that must be looked at.</summary>
    internal bool IsBulk => _isBulk;

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
        if (receives % ReceivesToMeasure == 0 && IsSupported && !_isBulk)
        {
            EnterWhenQuick(receives);
        }

        return _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        LeaveBulk();
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
        LeaveBulk();
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

    /// <summary>Called once a tick while there is a mark, which may take it away.</summary>
    internal void Look()
    {
        lock (_lock)
        {
            if (!_isBulk)
            {
                return;
            }

            int receives = Volatile.Read(ref _receives);
            bool received = receives != _receivesAtTick;
            _receivesAtTick = receives;
            _silentTicks = received ? 0 : _silentTicks + 1;
            if (received ? ++_ticks % TicksToMeasure != 0 : _silentTicks <= _mostSilentTicks)
            {
                return;
            }

            try
            {
                int mark = received ? MeasureMark() : 0;
                if (mark == 0)
                {
                    // The result has ended, slowed down, or nobody reads it.
                    _isBulk = false;
                    SetMark(1);
                }
                else if (mark > _mark * 3 / 2 || mark < _mark * 2 / 3)
                {
                    SetMark(mark);
                }
            }
            catch (Exception failure) when (failure is ObjectDisposedException or SocketException)
            {
                // The socket was closed meanwhile; nobody waits on it any more.
                _isBulk = false;
            }
        }
    }

    private void EnterWhenQuick(int receives)
    {
        lock (_lock)
        {
            if (receives == ReceivesToMeasure)
            {
                // The pace of an earlier result says nothing about this one, whose first bytes somebody waits for.
                _measuredAt = _time.GetTimestamp();
                _bytesAtMeasure = ReadReceivedBytes();
                return;
            }

            _bulkSince = _time.GetTimestamp();
            int mark = MeasureMark();
            if (mark == 0)
            {
                return;
            }

            SetMark(mark);
            _ticks = 0;
            _silentTicks = 0;
            _receivesAtTick = _receives;
            _isBulk = true;
        }

        BulkReceiveWatch.Add(this);
    }

    private void LeaveBulk()
    {
        Volatile.Write(ref _receives, 0);
        if (!_isBulk)
        {
            return;
        }

        lock (_lock)
        {
            if (_isBulk)
            {
                _isBulk = false;
                SetMark(1);
            }
        }
    }

    private void SetMark(int bytes)
    {
        _mark = bytes;
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, bytes);
    }

    /// <summary>What the pace since the last measurement brings in one wait; 0 when that is too little to wait for.</summary>
    private int MeasureMark()
    {
        long now = _time.GetTimestamp();
        long bytes = ReadReceivedBytes();
        double elapsed = Math.Max(1e-6, _time.GetElapsedTime(_measuredAt, now).TotalSeconds);
        TimeSpan wait = _time.GetElapsedTime(_bulkSince, now) / WaitsPerAge;
        wait = wait < ShortestWait ? ShortestWait : wait > LongestWait ? LongestWait : wait;
        _mostSilentTicks = (int)(2 * wait / BulkReceiveWatch.Tick);
        double paced = (bytes - _bytesAtMeasure) / elapsed * wait.TotalSeconds;
        _measuredAt = now;
        _bytesAtMeasure = bytes;

        // A quarter of the receive buffer leaves the sender three quarters to go on with while we wake up.
        int most = Math.Min(MostBytes, _socket.ReceiveBufferSize / 4);
        return paced < LeastBytes ? 0 : (int)Math.Min(paced, Math.Max(LeastBytes, most));
    }

    // What the kernel has received, also of what nobody has taken yet: tcpi_bytes_received in struct tcp_info of linux/tcp.h.
    private long ReadReceivedBytes()
    {
        const int Tcp = 6;
        const int TcpInfo = 11;
        const int Offset = 128;
        Span<byte> info = stackalloc byte[Offset + sizeof(long)];
        return _socket.GetRawSocketOption(Tcp, TcpInfo, info) == info.Length ? BitConverter.ToInt64(info[Offset..]) : 0;
    }
}
