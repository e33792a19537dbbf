using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.Limits;

/// <summary>Clients that take nothing of what is left of a whole result.</summary>
public sealed class UnreadResponsesTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // More than both kernels hold of it, and less than the server's pipe holds besides before somebody has to wait.
    private const int Rows = 90;

    [Fact]
    public async Task Client_ThatNeverReads_IsCutOffOnceItsResultIsWhole()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await StartAsync(Rows, time);
        using Socket socket = await AskAsync(host);
        await HeldBackAsync(host, socket, time);

        await Wait.UntilAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(10));
                return (await ServerConnection.ListAsync(host.Address.Port)).Count == 0;
            },
            TestRun.Patience,
            "its connection is closed");

        await host.QuietAsync();
        Assert.InRange(await ReadToEndAsync(socket), 0, Rows * 1000L - 1);
    }

    [Fact]
    public async Task Client_ThatReadsInTheEnd_GetsEverything_AndKeepsItsConnection()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await StartAsync(Rows, time);
        using Socket socket = await AskAsync(host);
        await HeldBackAsync(host, socket, time);

        // Long enough for the first look, and too short for the limit.
        time.Advance(TimeSpan.FromSeconds(5));
        await ReadAsync(socket, Rows);
        await host.QuietAsync();
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(10));
                return host.Gateway.Wheel.Count == 0;
            },
            TestRun.Patience,
            "it is no longer watched");

        Assert.Single(await ServerConnection.ListAsync(host.Address.Port));
        await socket.SendAsync(Request);
        await ReadAsync(socket, Rows);
    }

    [Fact]
    public async Task Client_WhoseStreamHasNotEnded_HasNoLimit()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await StartAsync(long.MaxValue, time);
        using Socket socket = await AskAsync(host);
        await Wait.UntilAsync(
            async () =>
            {
                long before = host.Gateway.Sessions.SingleOrDefault()?.Stream?.GetStatistics().RowsDelivered ?? 0;
                await Task.Delay(200);
                return before > 0 && before == host.Gateway.Sessions.Single().Stream!.GetStatistics().RowsDelivered;
            },
            TestRun.Patience,
            "the stream stands still");
        for (int i = 0; i < 20; i++)
        {
            time.Advance(Limit);
            await Task.Delay(10);
        }

        Assert.Equal(1, host.Gateway.Connections);
        Assert.Single(await ServerConnection.ListAsync(host.Address.Port));
    }

    [Fact]
    public async Task Connection_WithAnotherRequest_IsNotWatchedForTheOneBefore()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await StartAsync(1, time);
        using Socket socket = await AskAsync(host);
        await ReadAsync(socket, 1);
        await host.QuietAsync();
        Assert.Equal(1, host.Gateway.Wheel.Count);

        await socket.SendAsync("GET /rows/endless HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await Wait.UntilAsync(() => host.Gateway.Wheel.Count == 0, TestRun.Patience, "it is no longer watched");
    }

    private static byte[] Request => Encoding.ASCII.GetBytes("GET /rows/q HTTP/1.1\r\nHost: x\r\n\r\n");

    private static Task<GatewayHost> StartAsync(long rows, ManualTimeProvider time) => GatewayHost.StartAsync(
        app =>
        {
            app.MapRows("q", (_, _) => GatewayHost.Sample(rows, 999));
            app.MapRows("endless", (_, _) => GatewayHost.Sample(long.MaxValue, 999));
        },
        new StreamGatewayOptions { TimeProvider = time, UnreadTimeout = Limit, HandshakeTimeout = Timeout.InfiniteTimeSpan },
        builder => builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = static endpoint =>
        {
            Socket listener = KeepAliveSocket.Listen(endpoint);
            listener.SendBufferSize = 8192;
            return listener;
        }));

    private static async Task<Socket> AskAsync(GatewayHost host)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port);
        await socket.SendAsync(Request);
        return socket;
    }

    /// <summary>Waits until the result is written and nothing more of it goes out.</summary>
    private static async Task HeldBackAsync(GatewayHost host, Socket socket, ManualTimeProvider time)
    {
        await Wait.UntilAsync(() => host.Gateway.Wheel.Count > 0, TestRun.Patience, "the connection is watched");
        int available = -1;
        await Wait.UntilAsync(
            async () =>
            {
                int before = available;
                await Task.Delay(100);
                available = socket.Available;
                return available > 0 && available == before;
            },
            TestRun.Patience,
            "the client's buffer is full");

        // The first look finds it full.
        time.Advance(TimeSpan.FromSeconds(2));
        await Task.Delay(100);
        await Wait.UntilAsync(() => host.Gateway.Wheel.Count == 1, TestRun.Patience, "the connection is still watched");
    }

    /// <summary>Reads one whole response of so many rows.</summary>
    private static async Task ReadAsync(Socket socket, int rows)
    {
        var body = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!body.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            int received = await socket.ReceiveAsync(buffer).WaitAsync(TestRun.Patience);
            Assert.NotEqual(0, received);
            body.Append(Encoding.ASCII.GetString(buffer, 0, received));
        }

        Assert.Equal(rows, body.ToString().Split("}\n").Length - 1);
    }

    private static async Task<long> ReadToEndAsync(Socket socket)
    {
        long all = 0;
        byte[] buffer = new byte[4096];
        try
        {
            for (int received = await socket.ReceiveAsync(buffer).WaitAsync(TestRun.Patience); received > 0; received = await socket.ReceiveAsync(buffer).WaitAsync(TestRun.Patience))
            {
                all += received;
            }
        }
        catch (SocketException)
        {
            // A reset ends it as well.
        }

        return all;
    }
}
