using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace StreamRuntime.AspNetCore.Tests.Hosting;

/// <summary>A WebSocket client that sends whatever a test wants and shows every frame it gets.</summary>
internal sealed class RawWebSocket : IDisposable
{
    private readonly NetworkStream _stream;

    private RawWebSocket(Socket socket)
    {
        Socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true) { ReadTimeout = 30_000 };
    }

    public Socket Socket { get; }

    public string Response { get; private set; } = "";

    public int Status => int.Parse(Response.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    public static async Task<RawWebSocket> ConnectAsync(GatewayHost host, string path = "/rows/q", string protocol = "streamruntime.v1", string extra = "")
    {
        var client = new RawWebSocket(await host.ConnectAsync());
        string request = $"GET {path} HTTP/1.1\r\nHost: {host.Address.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{(protocol.Length > 0 ? $"Sec-WebSocket-Protocol: {protocol}\r\n" : "")}{extra}\r\n";
        await client._stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await client._stream.ReadExactlyAsync(one).AsTask().WaitAsync(TestRun.Patience);
            head.Append((char)one[0]);
        }

        client.Response = head.ToString();
        return client;
    }

    public Task SendBytesAsync(params byte[] bytes) => _stream.WriteAsync(bytes).AsTask();

    public Task SendTextAsync(string text) => SendBytesAsync(Frame(0x81, Encoding.UTF8.GetBytes(text)));

    public Task SendCloseAsync(ushort code) => SendBytesAsync(Frame(0x88, (byte)(code >> 8), (byte)code));

    public static byte[] Frame(byte first, params byte[] payload)
    {
        byte[] mask = [1, 2, 3, 4];
        var frame = new List<byte> { first };
        if (payload.Length < 126)
        {
            frame.Add((byte)(0x80 | payload.Length));
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            frame.AddRange([0xFE, (byte)(payload.Length >> 8), (byte)payload.Length]);
        }
        else
        {
            var length = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
            frame.Add(0xFF);
            frame.AddRange(length);
        }

        frame.AddRange(mask);
        frame.AddRange(payload.Select((b, i) => (byte)(b ^ mask[i & 3])));
        return [.. frame];
    }

    /// <summary>The next frame; null at the end of the connection.</summary>
    public async Task<(int Opcode, byte[] Payload)?> ReadFrameAsync()
    {
        var header = new byte[2];
        if (await _stream.ReadAtLeastAsync(header, 2, throwOnEndOfStream: false).AsTask().WaitAsync(TestRun.Patience) < 2)
        {
            return null;
        }

        Assert.Equal(0, header[1] & 0x80);
        long length = header[1];
        if (length >= 126)
        {
            var more = new byte[length == 126 ? 2 : 8];
            await _stream.ReadExactlyAsync(more);
            length = more.Aggregate(0L, (sum, b) => sum << 8 | b);
        }

        var payload = new byte[length];
        await _stream.ReadExactlyAsync(payload).AsTask().WaitAsync(TestRun.Patience);
        return (header[0] & 0x0F, payload);
    }

    /// <summary>The next control message; pings are passed over, and rows are added to what was received.</summary>
    public async Task<JsonElement> ReadMessageAsync(StringBuilder? rows = null)
    {
        while (await ReadFrameAsync() is { } frame)
        {
            if (frame.Opcode == 1)
            {
                return JsonDocument.Parse(frame.Payload).RootElement;
            }

            if (frame.Opcode == 2)
            {
                rows?.Append(Encoding.UTF8.GetString(frame.Payload));
            }

            Assert.NotEqual(8, frame.Opcode);
        }

        throw new EndOfStreamException("No further message came.");
    }

    /// <summary>Reads to the close frame.</summary>
    public async Task<(int Code, string Reason)> ReadCloseAsync()
    {
        while (await ReadFrameAsync() is { } frame)
        {
            if (frame.Opcode == 8)
            {
                return frame.Payload.Length == 0 ? (0, "") : (BinaryPrimitives.ReadUInt16BigEndian(frame.Payload), Encoding.UTF8.GetString(frame.Payload.AsSpan(2)));
            }
        }

        throw new EndOfStreamException("The connection ended without a close frame.");
    }

    /// <summary>True when the connection ends: an end of stream, or a reset.</summary>
    public async Task<bool> IsEndedAsync()
    {
        try
        {
            while (await ReadFrameAsync() is not null)
            {
            }

            return true;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _stream.Dispose();
}
