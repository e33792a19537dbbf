using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.DriverSample.Tests;

/// <summary>The toy protocol's server, for one connection on the loopback: answers its query as a script says, and listens for what the client says meanwhile.</summary>
/// <remarks>After its answer it stays, so that only its END tells the client that the result has ended.</remarks>
internal sealed class LineProtocolServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly SemaphoreSlim _goOn = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SourceScript _script;
    private readonly Task _serving;
    private volatile bool _isLetGo;

    public LineProtocolServer(SourceScript script)
    {
        _script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _serving = ServeAsync();
    }

    /// <summary>True once the client has cancelled its query or closed its connection.</summary>
    public bool IsLetGo => _isLetGo;

    /// <summary>What the client asked for.</summary>
    public string? Query { get; private set; }

    public void GoOn() => _goOn.Release();

    public async Task<NetworkStream> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(_listener.LocalEndPoint!);
        return new NetworkStream(client, ownsSocket: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
        _goOn.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            using Socket accepted = await _listener.AcceptAsync(_stop.Token);
            accepted.NoDelay = true;
            await using var connection = new NetworkStream(accepted);
            using var reader = new StreamReader(connection, Encoding.UTF8, leaveOpen: true);
            Query = await reader.ReadLineAsync(_stop.Token);
            using var letGo = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            Task answering = AnswerAsync(connection, letGo.Token);

            // Next comes CANCEL, or the end of the connection.
            await reader.ReadLineAsync(_stop.Token);
            _isLetGo = true;
            await letGo.CancelAsync();
            await answering;
        }
        catch (Exception over) when (over is OperationCanceledException or IOException or SocketException)
        {
            // The client has gone, or the test is over.
            _isLetGo = true;
        }
    }

    private async Task AnswerAsync(NetworkStream connection, CancellationToken stop)
    {
        const int WriteBytes = 32 * 1024;
        try
        {
            var lines = new StringBuilder();
            for (int row = 0; row < _script.Rows.Count; row++)
            {
                if (_script.SilentAfter.Contains(row) || lines.Length >= WriteBytes)
                {
                    await SendAsync(connection, lines, stop);
                }

                if (_script.SilentAfter.Contains(row))
                {
                    await _goOn.WaitAsync(stop);
                }

                lines.Append(_script.Rows[row] is { } json ? $"ROW {json}\n" : "NULL\n");
            }

            // With the last rows in one piece, so that a client finds both in one receive.
            lines.Append(_script.Failure is { } failure ? $"ERROR {failure}\n" : $"END {_script.Rows.Count}\n");
            await SendAsync(connection, lines, stop);
        }
        catch (Exception over) when (over is OperationCanceledException or IOException or SocketException)
        {
            // Nobody wants the rest.
            _isLetGo = true;
        }
    }

    private static async Task SendAsync(NetworkStream connection, StringBuilder lines, CancellationToken stop)
    {
        await connection.WriteAsync(Encoding.UTF8.GetBytes(lines.ToString()), stop);
        lines.Clear();
    }
}
