using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>What a client says, message by message, and within a message field by field.</summary>
internal sealed class FrontendReader(Socket socket)
{
    private const int LargestMessage = 1024 * 1024;

    private readonly byte[] _head = new byte[4];
    private byte[] _body = [];
    private int _at;

    /// <summary>Reads a start-up packet, which has no type; false when the client left.</summary>
    public bool TryReadPacket() => TryFill(_head) && TryReadBody();

    /// <summary>Reads a message and gives its type; null when the client left.</summary>
    public char? TryReadMessage()
    {
        Span<byte> type = stackalloc byte[1];
        return TryFill(type) && TryReadPacket() ? (char)type[0] : null;
    }

    public char ReadByte() => (char)_body[_at++];

    public short ReadInt16()
    {
        _at += 2;
        return BinaryPrimitives.ReadInt16BigEndian(_body.AsSpan(_at - 2));
    }

    public int ReadInt32()
    {
        _at += 4;
        return BinaryPrimitives.ReadInt32BigEndian(_body.AsSpan(_at - 4));
    }

    public string ReadText()
    {
        int end = Array.IndexOf(_body, (byte)0, _at);
        string text = Encoding.UTF8.GetString(_body, _at, end - _at);
        _at = end + 1;
        return text;
    }

    public void Skip(int bytes) => _at += bytes;

    private bool TryReadBody()
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(_head) - 4;
        if (length is < 0 or > LargestMessage)
        {
            return false;
        }

        _body = new byte[length];
        _at = 0;
        return TryFill(_body);
    }

    private bool TryFill(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int received = socket.Receive(bytes);
            if (received == 0)
            {
                return false;
            }

            bytes = bytes[received..];
        }

        return true;
    }
}
