using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Gateways;

/// <summary>One HTTP client that takes rows as fast as they come, and costs as little as may be: a bare socket that goes from chunk to chunk.</summary>
internal sealed class RowsRequest
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;

    /// <summary>Asks for rows and reads them to the end of the response.</summary>
    /// <returns>The bytes of the response's body, and its line feeds.</returns>
    /// <exception cref="RunException">The response is no success, or ends too soon.</exception>
    public static async Task<RowsReceived> RunAsync(Uri address, long rows)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port));
        await socket.SendAsync(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"GET /rows/rows?limit={rows} HTTP/1.1\r\nHost: {address.Authority}\r\nAccept: application/x-ndjson, application/json;q=0.5\r\n\r\n")));

        // Reading blocks a thread of its own: a client that waits asynchronously would share the pool's spinning with the measurement.
        return await Task.Factory.StartNew(() => new RowsRequest().Read(socket), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private RowsReceived Read(Socket socket)
    {
        socket.Blocking = true;
        string status = ReadLine(socket);
        if (!status.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            throw new RunException($"The server answered '{status}'.");
        }

        bool chunked = false;
        for (string header = ReadLine(socket); header.Length > 0; header = ReadLine(socket))
        {
            chunked |= header.Equals("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase);
        }

        if (!chunked)
        {
            throw new RunException("The response is not chunked.");
        }

        long bytes = 0;
        long feeds = 0;
        while (true)
        {
            int left = int.Parse(ReadLine(socket), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (left == 0)
            {
                return new RowsReceived(bytes, feeds);
            }

            bytes += left;
            while (left > 0)
            {
                if (_start == _end)
                {
                    Receive(socket);
                }

                int here = Math.Min(left, _end - _start);
                feeds += _buffer.AsSpan(_start, here).Count((byte)'\n');
                _start += here;
                left -= here;
            }

            ReadLine(socket);
        }
    }

    private string ReadLine(Socket socket)
    {
        while (true)
        {
            int feed = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (feed >= 0)
            {
                string line = Encoding.ASCII.GetString(_buffer, _start, feed);
                _start += feed + 2;
                return line;
            }

            Receive(socket);
        }
    }

    private void Receive(Socket socket)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        int received = socket.Receive(_buffer.AsSpan(_end));
        _end += received > 0 ? received : throw new RunException("The response broke off.");
    }
}

/// <summary>What a client received.</summary>
/// <param name="Bytes">Bytes of the body.</param>
/// <param name="LineFeeds">How many of them end a line.</param>
internal readonly record struct RowsReceived(long Bytes, long LineFeeds);
