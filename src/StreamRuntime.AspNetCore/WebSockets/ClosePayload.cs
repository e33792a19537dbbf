using System.Buffers.Binary;
using System.Text.Unicode;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Reads the body of a client's close frame.</summary>
internal static class ClosePayload
{
    /// <summary>What to answer: the client's own code, none if it gave none, or what is wrong with it.</summary>
    public static ushort Answer(ReadOnlySpan<byte> payload)
    {
        if (payload.Length == 0)
        {
            return 0;
        }

        if (payload.Length == 1)
        {
            return (ushort)CloseCode.ProtocolError;
        }

        ushort code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        return !IsAllowed(code) ? (ushort)CloseCode.ProtocolError
            : !Utf8.IsValid(payload[2..]) ? (ushort)CloseCode.InvalidText
            : code;
    }

    // 1004 to 1006 and 1015 are never sent; below 3000 the rest is not given out yet.
    private static bool IsAllowed(ushort code) => code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
}
