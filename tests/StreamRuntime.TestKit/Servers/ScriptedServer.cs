using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace StreamRuntime.TestKit.Servers;

/// <summary>A server on the loopback address that does, byte for byte, what a test's script says; one script per accepted connection.</summary>
/// <remarks>Its counts and lists may be read by any thread. A connection is closed when its script ends.</remarks>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly Func<ScriptedConnection, Task> _script;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentQueue<ScriptedConnection> _connections = new();
    private readonly ConcurrentQueue<CancelRequest> _cancels = new();
    private readonly ConcurrentQueue<Exception> _errors = new();
    private readonly ConcurrentBag<Task> _scripts = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    private ScriptedServer(Func<ScriptedConnection, Task> script)
    {
        _script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The address to connect to.</summary>
    public static string Host => "127.0.0.1";

    /// <summary>The port to connect to.</summary>
    public int Port { get; }

    /// <summary>Key=value string, without TLS.</summary>
    public string ConnectionString => $"host={Host} port={Port} user=postgres dbname=postgres sslmode=disable";

    /// <summary>Every connection accepted so far, in order.</summary>
    public IReadOnlyList<ScriptedConnection> Connections => [.. _connections];

    /// <summary>Bytes given to the kernel on all connections.</summary>
    public long SentBytes => _connections.Sum(c => c.SentBytes);

    /// <summary>Every cancel request so far, in order.</summary>
    public IReadOnlyList<CancelRequest> CancelRequests => [.. _cancels];

    /// <summary>What the scripts failed with, except that the client closed the connection.</summary>
    public IReadOnlyList<Exception> ScriptErrors => [.. _errors];

    /// <summary>Starts a server.</summary>
    /// <param name="script">Runs once for every connection.</param>
    public static ScriptedServer Start(Func<ScriptedConnection, Task> script) => new(script);

    /// <summary>Refuses every further connection; those that are there go on.</summary>
    public void StopAccepting() => _listener.Dispose();

    /// <summary>Closes every connection and waits for the scripts.</summary>
    /// <exception cref="AggregateException">A script's expectation failed: the test proved nothing.</exception>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        foreach (ScriptedConnection connection in _connections)
        {
            connection.Dispose();
        }

        await Task.WhenAll(_scripts).WaitAsync(TimeSpan.FromSeconds(10));
        if (!_errors.IsEmpty)
        {
            throw new AggregateException("The scripted server's script failed.", _errors);
        }
    }

    internal void Add(CancelRequest cancel) => _cancels.Enqueue(cancel);

    private async Task AcceptAsync()
    {
        try
        {
            for (int number = 0; ; number++)
            {
                var connection = new ScriptedConnection(this, await _listener.AcceptAsync(_stopping.Token), number);
                _connections.Enqueue(connection);
                _scripts.Add(RunAsync(connection));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The server stops, or was told to accept no more.
            return;
        }
    }

    private async Task RunAsync(ScriptedConnection connection)
    {
        await Task.Yield();
        using (connection)
        {
            await ToleratingDisconnectAsync(() => _script(connection));
            await ToleratingDisconnectAsync(connection.FinishAsync);
        }
    }

    private async Task ToleratingDisconnectAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is ScriptOverException or IOException or SocketException || _stopping.IsCancellationRequested)
        {
            // The client left, the script cut the line, or the test is over: all of them ends a test may want.
            return;
        }
#pragma warning disable CA1031 // Reported when the server is disposed.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _errors.Enqueue(e);
        }
    }
}
