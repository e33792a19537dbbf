using System.Net;
using System.Net.Sockets;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>One address that leads every connection to the next of several ports.</summary>
internal sealed class TurningProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _pumps = [];
    private readonly int[] _ports;
    private Task _accepting = Task.CompletedTask;

    private TurningProxy(int[] ports) => _ports = ports;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static TurningProxy Start(params int[] ports)
    {
        var proxy = new TurningProxy(ports);
        proxy._listener.Start();
        proxy._accepting = proxy.AcceptAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_pumps);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (int number = 0; ; number++)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var backend = new TcpClient();
                await backend.ConnectAsync(IPAddress.Loopback, _ports[number % _ports.Length], _stop.Token);
                _pumps.Add(PumpAsync(client, backend));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task PumpAsync(TcpClient client, TcpClient backend)
    {
        using (client)
        using (backend)
        {
            try
            {
                Task there = client.GetStream().CopyToAsync(backend.GetStream(), _stop.Token);
                Task back = backend.GetStream().CopyToAsync(client.GetStream(), _stop.Token);
                await Task.WhenAny(there, back);
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                // Either side has gone.
            }
        }
    }
}
