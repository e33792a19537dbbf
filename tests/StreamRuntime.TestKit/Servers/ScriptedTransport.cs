using System.Net;
using System.Net.Sockets;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.TestKit.Servers;

/// <summary>How a connection is cut.</summary>
public enum CutKind
{
    /// <summary>An orderly end of the server's bytes; the client's are still read.</summary>
    Finish,

    /// <summary>A TCP reset.</summary>
    Reset,
}

/// <summary>The bytes below a scripted connection's TLS: counts them, cuts them into segments, and cuts the connection.</summary>
internal sealed class ScriptedTransport : Stream
{
    private static readonly TimeSpan DeliveryLimit = TimeSpan.FromSeconds(5);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private KernelSockets? _kernel;
    private long _sent;
    private Segmentation _segmentation = Segmentation.Whole;
    private bool _waitsUntilRead;
    private long _segmentedFrom;
    private long _cutAt = long.MaxValue;
    private CutKind _cutKind;

    public ScriptedTransport(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public long Sent => Interlocked.Read(ref _sent);

    public bool IsReset { get; private set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void Segment(Segmentation segmentation, bool waitUntilRead) =>
        (_segmentation, _waitsUntilRead, _segmentedFrom) = (segmentation, waitUntilRead, Sent);

    public void CutAfter(long bytes, CutKind kind) => (_cutAt, _cutKind) = (Sent + bytes, kind);

    public void Cut(CutKind kind)
    {
        if (kind == CutKind.Reset)
        {
            IsReset = true;
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
            _socket.Close();
        }
        else
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (Sent >= _cutAt)
            {
                Cut(_cutKind);
                throw new ScriptOverException();
            }

            if (buffer.IsEmpty)
            {
                return;
            }

            int size = (int)Math.Min(_segmentation.Next(Sent - _segmentedFrom, buffer.Length), _cutAt - Sent);
            bool isWhole = size == buffer.Length;
            await _stream.WriteAsync(buffer[..size], cancellationToken);
            Interlocked.Add(ref _sent, size);
            buffer = buffer[size..];
            if (_waitsUntilRead && !(isWhole && _segmentation == Segmentation.Whole))
            {
                await WaitUntilReadAsync();
            }
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _stream.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _stream.ReadAsync(buffer, offset, count, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => _stream.Read(buffer, offset, count);

    public override void Flush() => _stream.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
            _kernel?.Dispose();
            _kernel = null;
        }

        base.Dispose(disposing);
    }

    // Without this the kernel glues quick segments together again and the client never sees the cut.
    private async Task WaitUntilReadAsync()
    {
        _kernel ??= new KernelSockets();
        var client = (IPEndPoint)_socket.RemoteEndPoint!;
        var server = (IPEndPoint)_socket.LocalEndPoint!;
        long started = TimeProvider.System.GetTimestamp();
        while (_kernel.CountUnread(client, server) > 0)
        {
            if (TimeProvider.System.GetElapsedTime(started) > DeliveryLimit)
            {
                throw new ScriptException($"The client has not read a segment for {DeliveryLimit.TotalSeconds} s.");
            }

            await Task.Yield();
        }
    }
}
