using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Gateways;

/// <summary>Many WebSocket clients that do nothing but answer pings, on bare sockets.</summary>
internal sealed class IdleClients : IDisposable
{
    // A pong without content, masked by zeros (RFC 6455, section 5.5.3).
    private static readonly byte[] s_pong = [0x8A, 0x80, 0, 0, 0, 0];

    private readonly List<Socket> _sockets = [];
    private int _closed;

    /// <summary>How many the server has ended.</summary>
    public int Closed => Volatile.Read(ref _closed);

    /// <summary>Opens so many connections, some at a time.</summary>
    public async Task OpenAsync(Uri address, int count)
    {
        const int AtOnce = 50;
        for (int opened = 0; opened < count; opened += AtOnce)
        {
            _sockets.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, count - opened)).Select(_ => OpenAsync(address))));
        }
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private async Task<Socket> OpenAsync(Uri address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port));
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /rows/rows HTTP/1.1\r\nHost: {address.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: streamruntime.v1\r\n\r\n"));
        byte[] buffer = new byte[1024];
        int received = 0;
        while (!buffer.AsSpan(0, received).EndsWith("\r\n\r\n"u8) && buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8) < 0)
        {
            int more = await socket.ReceiveAsync(buffer.AsMemory(received));
            received += more > 0 ? more : throw new RunException("The server closed a WebSocket before it was open.");
        }

        if (!buffer.AsSpan(0, received).StartsWith("HTTP/1.1 101"u8))
        {
            throw new RunException($"The server refused a WebSocket: {Encoding.ASCII.GetString(buffer, 0, received)}");
        }

        _ = AnswerAsync(socket);
        return socket;
    }

    // The server sends short frames now and then, each in a segment of its own; one that is no ping says that the result has started.
    private async Task AnswerAsync(Socket socket)
    {
        byte[] buffer = new byte[256];
        try
        {
            while (true)
            {
                int received = await socket.ReceiveAsync(buffer.AsMemory());
                if (received == 0)
                {
                    break;
                }

                if ((buffer[0] & 0x0F) == 0x9)
                {
                    await socket.SendAsync(Pong(buffer.AsSpan(0, received)));
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // Counted below.
        }

        Interlocked.Increment(ref _closed);
    }

    // A pong carries what the ping carried; a mask of zeros leaves it as it is.
    private static byte[] Pong(ReadOnlySpan<byte> ping)
    {
        int length = ping[1] & 0x7F;
        if (length == 0)
        {
            return s_pong;
        }

        byte[] pong = new byte[6 + length];
        pong[0] = 0x8A;
        pong[1] = (byte)(0x80 | length);
        ping.Slice(2, length).CopyTo(pong.AsSpan(6));
        return pong;
    }
}
