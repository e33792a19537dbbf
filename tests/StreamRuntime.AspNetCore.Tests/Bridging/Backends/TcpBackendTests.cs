using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Bridging.Backends;
using StreamRuntime.AspNetCore.WebSockets;
using StreamRuntime.TestKit;

namespace StreamRuntime.AspNetCore.Tests.Bridging.Backends;

public sealed class TcpBackendTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public TcpBackendTests() => _listener.Start();

    private TcpBackend Backend => new(new TcpBackendOptions { Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port });

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Echo_OfManyBytes_ComesBackWhole()
    {
        Task echoing = Task.Run(async () =>
        {
            using TcpClient peer = await _listener.AcceptTcpClientAsync();
            await peer.GetStream().CopyToAsync(peer.GetStream());
        });
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        BridgeSession session = await sessions.StartAsync(client, Backend);
        byte[] bytes = RandomNumberGenerator.GetBytes(TestRun.IsFull ? 100_000_000 : 10_000_000);
        foreach (byte[] part in bytes.Chunk(100_000))
        {
            client.Says(part);
        }

        // The half-close reaches the peer, and what it sends after that still arrives.
        client.Says(ControlKind.End);
        BridgeResult result = await session.Completion.WaitAsync(TimeSpan.FromMinutes(2));
        await echoing;
        Assert.Equal((BridgeEnd.BackendEnded, 1000), (result.End, client.CloseCode));
        Assert.True(bytes.AsSpan().SequenceEqual(client.Taken));
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task Connect_WhereNobodyListens_EndsWithAClearError()
    {
        TcpBackend backend = Backend;
        _listener.Stop();
        await using var sessions = new Sessions();
        BridgeSession session = sessions.Create(new MemoryClient(), backend);
        Assert.False(await session.StartAsync());
        BridgeResult result = await Sessions.EndOf(session);
        var failure = Assert.IsType<StreamRuntimeException>(Assert.Single(result.Errors));
        Assert.Equal((BridgeEnd.ConnectFailed, ErrorKind.ConnectFailed, true), (result.End, failure.Kind, failure.IsTransient));
        Assert.Contains("127.0.0.1:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_OfThePeer_IsAFailure()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        Task<TcpClient> accepting = _listener.AcceptTcpClientAsync();
        BridgeSession session = await sessions.StartAsync(client, Backend);
        TcpClient peer = await accepting;
        peer.Client.Close(0);
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal((BridgeEnd.BackendFailed, 1011), (result.End, client.CloseCode));
        Assert.Equal(ErrorKind.ConnectionLost, Assert.IsType<StreamRuntimeException>(result.Errors[0]).Kind);
    }

    [Fact]
    public async Task Pause_HoldsThePeer_UntilItsOwnSendingStalls()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        Task<TcpClient> accepting = _listener.AcceptTcpClientAsync();
        BridgeSession session = await sessions.StartAsync(client, Backend);
        using TcpClient peer = await accepting;
        Assert.True(session.Pause());
        long sent = 0;
        byte[] piece = new byte[64 * 1024];
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < 500; i++)
            {
                await peer.GetStream().WriteAsync(piece);
                Interlocked.Add(ref sent, piece.Length);
            }

            peer.Client.Shutdown(SocketShutdown.Send);
        });
        long before = -1;
        await Wait.UntilAsync(
            async () =>
            {
                long last = before;
                before = Interlocked.Read(ref sent);
                await Task.Delay(50);
                return last == before && before > 0;
            },
            TestRun.Patience,
            "the peer's sending stalls");
        Assert.False(sending.IsCompleted);
        Assert.Empty(client.Taken);
        Assert.True(session.Resume());
        await Sessions.EndOf(session);
        await sending;
        Assert.Equal(500 * piece.Length, client.Taken.Length);
    }
}
