using System.Net;
using System.Net.Sockets;

namespace StreamRuntime.TestKit.Servers;

internal static class FreePort
{
    // Below Linux's range for outgoing connections, so nobody's client takes the port while a server restarts.
    private const int Lowest = 15_000;
    private const int Highest = 32_000;

    public static int Find()
    {
        for (int tries = 0; tries < 1000; tries++)
        {
            int port = Random.Shared.Next(Lowest, Highest);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one, then.
                continue;
            }
        }

        throw new InvalidOperationException($"No free port from {Lowest} to {Highest} on the loopback address.");
    }
}
