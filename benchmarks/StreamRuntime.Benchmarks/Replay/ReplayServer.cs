using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>
/// A PostgreSQL on the loopback address that knows only the queries of a <see cref="Recording"/>, and answers them with the recorded bytes as fast as
/// they are read. Of what a client costs, nothing is then spent on waiting for a server that looks its rows up.
/// </summary>
/// <remarks>
/// Every connection has a thread of its own that blocks in the kernel: sending is then one system call for every megabyte, and the processor's time is
/// the kernel's, which a program in C would need just as much of.
/// </remarks>
internal sealed class ReplayServer : IDisposable
{
    private readonly Recording _recording;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<int, ReplayConnection> _connections = [];
    private readonly ConcurrentQueue<string> _refusals = [];
    private volatile bool _closed;

    private ReplayServer(Recording recording)
    {
        _recording = recording;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        SendUnpaced(_listener);
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        new Thread(Accept) { IsBackground = true, Name = "replay server" }.Start();
    }

    public int Port { get; }

    public static string Host => "127.0.0.1";

    /// <summary>Key=value string.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"host={Host} port={Port} user=postgres dbname=postgres");

    /// <summary>What clients asked for that was not recorded, and was refused.</summary>
    public IReadOnlyCollection<string> Refusals => _refusals;

    public static ReplayServer Start(Recording recording) => new(recording);

    public void Dispose()
    {
        _closed = true;
        _listener.Dispose();
        foreach (ReplayConnection connection in _connections.Values)
        {
            connection.Dispose();
        }
    }

    // Accepted connections inherit it. Reno, which every Linux has, sends whatever there is room for. Some systems' default paces what it sends by
    // timers, after a guess at the network's speed: then it is the guess that is measured.
    private static void SendUnpaced(Socket listener)
    {
        const int Tcp = 6;
        const int Congestion = 13;
        listener.SetRawSocketOption(Tcp, Congestion, "reno"u8);
    }

    private void Accept()
    {
        for (int number = 1; TryAccept() is { } socket; number++)
        {
            var connection = new ReplayConnection(socket, number, _recording, _refusals.Enqueue);
            _connections[number] = connection;
            if (_closed)
            {
                connection.Dispose();
            }

            int key = number;
            new Thread(() => Serve(key, connection)) { IsBackground = true, Name = $"replay connection {number}" }.Start();
        }
    }

    private Socket? TryAccept()
    {
        try
        {
            return _listener.Accept();
        }
        catch (Exception failure) when (_closed && failure is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private void Serve(int number, ReplayConnection connection)
    {
        try
        {
            connection.Serve();
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The client is gone, or we are: either ends the connection.
            return;
        }
        catch (Exception failure) when (failure is ArgumentException or IndexOutOfRangeException)
        {
            _refusals.Enqueue($"a message ended inside a field: {failure.Message}");
        }
        finally
        {
            connection.Dispose();
            _connections.TryRemove(number, out _);
        }
    }
}
