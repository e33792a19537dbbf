using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Writes a server's frames, never masked.</summary>
internal static class FrameWriter
{
    private const int MaxReasonBytes = 123;
    private const byte Final = 0x80;

    /// <param name="output">Where to.</param>
    /// <param name="opcode">Which frame.</param>
    /// <param name="payload">How many bytes follow.</param>
    /// <param name="isFinal">False when its message goes on by a continuation.</param>
    public static void WriteHeader(PipeWriter output, Opcode opcode, long payload, bool isFinal = true)
    {
        Span<byte> header = output.GetSpan(10);
        header[0] = (byte)((isFinal ? Final : 0) | (byte)opcode);
        if (payload < 126)
        {
            header[1] = (byte)payload;
            output.Advance(2);
        }
        else if (payload <= ushort.MaxValue)
        {
            header[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)payload);
            output.Advance(4);
        }
        else
        {
            header[1] = 127;
            BinaryPrimitives.WriteInt64BigEndian(header[2..], payload);
            output.Advance(10);
        }
    }

    public static void Write(PipeWriter output, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        WriteHeader(output, opcode, payload.Length);
        output.Write(payload);
    }

    /// <param name="output">Where to.</param>
    /// <param name="code">Why; zero for a close frame without a body, the answer to one.</param>
    /// <param name="reason">The same in words; cut off where a control frame is full.</param>
    public static void WriteClose(PipeWriter output, ushort code, string reason)
    {
        if (code == 0)
        {
            WriteHeader(output, Opcode.Close, 0);
            return;
        }

        Span<byte> body = stackalloc byte[2 + MaxReasonBytes];
        BinaryPrimitives.WriteUInt16BigEndian(body, code);
        Encoder encoder = Encoding.UTF8.GetEncoder();
        encoder.Convert(reason, body[2..], flush: true, out _, out int written, out _);
        Write(output, Opcode.Close, body[..(2 + written)]);
    }
}
