using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StreamRuntime.Benchmarks.Wire;

/// <summary>A session with a PostgreSQL server over a socket and nothing else.</summary>
internal sealed class BareSession : IDisposable
{
    private const int HeaderBytes = 5;

    private readonly byte[] _chunk = new byte[64 * 1024];

    private BareSession(Socket socket) => Socket = socket;

    /// <summary>Never used but synchronously by this class, so that it blocks, which .NET's asynchronous calls would end for good.</summary>
    public Socket Socket { get; }

    /// <summary>What the server said from the start-up message to the first ReadyForQuery.</summary>
    public BackendAnswer Greeting { get; private set; } = new([]);

    /// <summary>Connects and logs in, where no password is asked for.</summary>
    /// <param name="connection"><c>host=ADDRESS port=N user=NAME dbname=NAME</c>.</param>
    public static BareSession Open(string connection)
    {
        var words = connection.Split(' ').Select(w => w.Split('=', 2)).ToDictionary(w => w[0], w => w[1]);
        var session = new BareSession(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            session.Socket.Connect(IPAddress.Parse(words["host"]), int.Parse(words["port"], System.Globalization.CultureInfo.InvariantCulture));
            session.Send(new FrontendWriter().StartUp(words["user"], words["dbname"]));
            session.Greeting = session.ReadAnswer();
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public void Send(FrontendWriter messages)
    {
        byte[] bytes = messages.ToArray();
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += Socket.Send(bytes.AsSpan(sent));
        }
    }

    /// <summary>Reads every message to the next ReadyForQuery, that one included. Keeps it all, so it is not for long results.</summary>
    /// <exception cref="InvalidDataException">The server reported an error, or hung up.</exception>
    public BackendAnswer ReadAnswer()
    {
        using var all = new MemoryStream();
        int at = 0;
        while (true)
        {
            int received = Socket.Receive(_chunk);
            if (received == 0)
            {
                throw new InvalidDataException("The server closed the connection before it was ready for a query.");
            }

            all.Write(_chunk, 0, received);
            ReadOnlySpan<byte> bytes = all.GetBuffer().AsSpan(0, (int)all.Length);
            while (bytes.Length - at >= HeaderBytes && BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 1)..]) is var length && bytes.Length - at > length)
            {
                byte type = bytes[at];
                if (type == (byte)'E')
                {
                    throw new InvalidDataException($"The server reported an error: {Encoding.UTF8.GetString(bytes.Slice(at + HeaderBytes, length - 4)).Replace('\0', ' ').Trim()}");
                }

                at += 1 + length;
                if (type == (byte)'Z')
                {
                    return new BackendAnswer(bytes[..at].ToArray());
                }
            }
        }
    }

    /// <summary>Asks the server, over a connection of its own, to end what this session runs (PostgreSQL documentation, "Canceling Requests in Progress").</summary>
    public void Cancel()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(Socket.RemoteEndPoint!);
        socket.Send(new FrontendWriter().CancelRequest(Greeting.Select("K").AsSpan(HeaderBytes)).ToArray());

        // The server hangs up when it has passed the request on.
        socket.Receive(new byte[1]);
    }

    public void Dispose() => Socket.Dispose();
}
