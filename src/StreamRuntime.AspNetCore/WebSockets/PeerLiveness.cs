using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>
/// Tells a peer that takes nothing from one that is gone. A ping can't, since it would wait behind what the peer does not read; but even then its kernel
/// acknowledges, and ours counts how often it did not.
/// </summary>
internal static class PeerLiveness
{
    // struct tcp_info of Linux, whose beginning never changes: bytes 2 and 3 count retransmissions and window probes without an answer, and at 56
    // are the milliseconds since the last acknowledgement.
    private const int ProtocolTcp = 6;
    private const int TcpInfo = 11;
    private const int Retransmits = 2;
    private const int Probes = 3;
    private const int LastAckReceivedMs = 56;

    /// <summary>False when the peer's kernel has been silent for at least as long; true where that can't be told.</summary>
    public static bool MayBeAlive(HttpContext context, TimeSpan silence)
    {
        if (!OperatingSystem.IsLinux() || context.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            return true;
        }

        Span<byte> info = stackalloc byte[LastAckReceivedMs + sizeof(uint)];
        try
        {
            socket.GetRawSocketOption(ProtocolTcp, TcpInfo, info);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return true;
        }

        // One probe may be under way right now; a living kernel has answered the one before.
        bool isUnanswered = info[Retransmits] > 0 || info[Probes] > 1;
        return !isUnanswered || BinaryPrimitives.ReadUInt32LittleEndian(info[LastAckReceivedMs..]) < silence.TotalMilliseconds;
    }
}
