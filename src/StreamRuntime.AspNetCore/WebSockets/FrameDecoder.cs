using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Takes a client's bytes apart into frames, wherever they are cut, and says where the client breaks RFC 6455 or a limit.</summary>
/// <remarks>
/// A mutable struct without I/O and clock. It holds what of a header or of a control frame has come; messages are handed out as they come. The
/// framework's own WebSocket is not used: it neither counts control frames and fragments nor lets pings be sent from elsewhere, copies each message once
/// more, and cannot keep reading for the peer's close frame after an error of the peer.
/// </remarks>
internal struct FrameDecoder(long maxBinaryBytes, long maxTextBytes, int maxFragments)
{
    private const int MaxControlBytes = 125;

    private HeaderBytes _header;
    private int _headerHave;
    private bool _inPayload;
    private bool _isLenient;
    private bool _isFinal;
    private Opcode _opcode;
    private long _left;
    private uint _mask;
    private int _maskAt;

    // Zero while no message is under way: a continuation would continue nothing.
    private Opcode _message;
    private long _messageBytes;
    private int _fragments;

    private byte[]? _control;
    private int _controlHave;

    /// <summary>The payload of the control frame found last, until the next read.</summary>
    public readonly ReadOnlyMemory<byte> ControlPayload => _control is null ? default : _control.AsMemory(0, _controlHave);

    /// <summary>Looks for nothing but a close frame from here on, whatever else comes.</summary>
    public void BecomeLenient() => _isLenient = true;

    public FrameToken Read(Span<byte> bytes)
    {
        int at = 0;
        while (true)
        {
            if (!_inPayload)
            {
                if (!TryReadHeader(bytes, ref at))
                {
                    return new FrameToken(FrameTokenKind.NeedMore, at);
                }

                if (Begin() is { } violation)
                {
                    _isLenient = true;
                    return violation with { Consumed = at };
                }
            }

            int take = (int)Math.Min(_left, bytes.Length - at);
            Span<byte> payload = bytes.Slice(at, take);
            Unmask(payload);
            int offset = at;
            at += take;
            _left -= take;
            bool isFrameEnd = _left == 0;
            _inPayload = !isFrameEnd;
            if (_opcode >= Opcode.Close)
            {
                if (_controlHave + take <= MaxControlBytes)
                {
                    payload.CopyTo(take == 0 ? [] : (_control ??= new byte[MaxControlBytes]).AsSpan(_controlHave));
                    _controlHave += take;
                }

                if (isFrameEnd && (!_isLenient || _opcode == Opcode.Close))
                {
                    return new FrameToken(FrameTokenKind.Control, at, _opcode);
                }
            }
            else if (!_isLenient && (take > 0 || isFrameEnd))
            {
                bool isEnd = isFrameEnd && _isFinal;
                var token = new FrameToken(FrameTokenKind.Data, at, _message, offset, take, isEnd);
                if (isEnd)
                {
                    _message = default;
                }

                return token;
            }

            if (!isFrameEnd)
            {
                return new FrameToken(FrameTokenKind.NeedMore, at);
            }
        }
    }

    private bool TryReadHeader(ReadOnlySpan<byte> bytes, ref int at)
    {
        Span<byte> header = _header;
        while (true)
        {
            if (_headerHave >= 2 && _headerHave == HeaderLength(header[1]))
            {
                return true;
            }

            if (at == bytes.Length)
            {
                return false;
            }

            header[_headerHave++] = bytes[at++];
        }
    }

    private static int HeaderLength(byte second) => 2 + ((second & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 }) + ((second & 0x80) != 0 ? 4 : 0);

    /// <summary>Begins the frame whose header is complete.</summary>
    private FrameToken? Begin()
    {
        Span<byte> header = _header;
        int length = header[1] & 0x7F;
        bool isMasked = (header[1] & 0x80) != 0;
        ulong payload = length switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(header[2..]),
            127 => BinaryPrimitives.ReadUInt64BigEndian(header[2..]),
            _ => (ulong)length,
        };
        _isFinal = (header[0] & 0x80) != 0;
        _opcode = (Opcode)(header[0] & 0x0F);
        _mask = isMasked ? MemoryMarshal.Read<uint>(header[(_headerHave - 4)..]) : 0;
        _maskAt = 0;
        _left = (long)Math.Min(payload, long.MaxValue);
        _headerHave = 0;
        _inPayload = true;
        _controlHave = 0;
        return _isLenient ? null : Check(header[0], isMasked, length, payload);
    }

    private FrameToken? Check(byte first, bool isMasked, int length, ulong payload)
    {
        if ((first & 0x70) != 0)
        {
            return Violation(CloseCode.ProtocolError, "A reserved bit is set.");
        }

        if (!isMasked)
        {
            return Violation(CloseCode.ProtocolError, "A client's frame must be masked.");
        }

        if (payload > long.MaxValue || (length == 126 && payload < 126) || (length == 127 && payload <= ushort.MaxValue))
        {
            return Violation(CloseCode.ProtocolError, "A frame's length is not written as it must be.");
        }

        return _opcode switch
        {
            Opcode.Close or Opcode.Ping or Opcode.Pong when !_isFinal || payload > MaxControlBytes => Violation(CloseCode.ProtocolError, "A control frame is fragmented or too long."),
            Opcode.Close or Opcode.Ping or Opcode.Pong => null,
            Opcode.Text or Opcode.Binary when _message != default => Violation(CloseCode.ProtocolError, "A message begins inside another."),
            Opcode.Continuation when _message == default => Violation(CloseCode.ProtocolError, "There is no message to continue."),
            Opcode.Text or Opcode.Binary or Opcode.Continuation => CheckMessage((long)payload),
            _ => Violation(CloseCode.ProtocolError, "A frame's opcode is reserved."),
        };
    }

    private FrameToken? CheckMessage(long payload)
    {
        if (_opcode != Opcode.Continuation)
        {
            _message = _opcode;
            _messageBytes = 0;
            _fragments = 0;
        }

        if (payload > (_message == Opcode.Text ? maxTextBytes : maxBinaryBytes) - _messageBytes)
        {
            return Violation(CloseCode.TooBig, "A message is too big.");
        }

        _messageBytes += payload;
        return ++_fragments > maxFragments ? Violation(CloseCode.PolicyViolation, "A message comes in too many fragments.") : null;
    }

    private static FrameToken Violation(CloseCode code, string reason) => new(FrameTokenKind.Violation, 0, Code: code, Reason: reason);

    private void Unmask(Span<byte> payload)
    {
        if (_mask == 0)
        {
            return;
        }

        // The mask as this piece meets it: turned to where the last piece ended.
        uint mask = BitConverter.IsLittleEndian ? BitOperations.RotateRight(_mask, 8 * _maskAt) : BitOperations.RotateLeft(_mask, 8 * _maskAt);
        _maskAt = (_maskAt + payload.Length) & 3;
        int words = payload.Length / sizeof(uint);
        foreach (ref uint word in MemoryMarshal.Cast<byte, uint>(payload[..(words * sizeof(uint))]))
        {
            word ^= mask;
        }

        Span<byte> key = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(key, mask);
        for (int i = words * sizeof(uint); i < payload.Length; i++)
        {
            payload[i] ^= key[i & 3];
        }
    }

    [InlineArray(14)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
