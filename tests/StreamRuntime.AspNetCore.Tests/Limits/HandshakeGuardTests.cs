using System.Net.Sockets;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.AspNetCore.Tests.Responses;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.Limits;

public sealed class HandshakeGuardTests
{
    [Theory]
    [InlineData("")]
    [InlineData("GET /rows/q HTTP/1.1\r\nHost: x\r\n")]
    public async Task Connection_WithoutAWholeRequest_IsCutOffAtItsLimit(string begun)
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => new ScriptedRowSource(), new StreamGatewayOptions { TimeProvider = time });
        using Socket socket = await host.ConnectAsync();
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(begun));
        await Wait.UntilAsync(() => host.Gateway.Wheel.Count == 1, TestRun.Patience, "the connection is watched");
        Task<int> end = ReceiveAsync(socket);
        time.Advance(TimeSpan.FromSeconds(9.8));
        await Task.Delay(50);
        Assert.False(end.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Equal(0, await end.WaitAsync(TestRun.Patience));
    }

    [Fact]
    public async Task Connection_ThatSendsAByteASecond_IsCutOffAtItsLimit()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => new ScriptedRowSource(), new StreamGatewayOptions { TimeProvider = time });
        using Socket socket = await host.ConnectAsync();
        await Wait.UntilAsync(() => host.Gateway.Wheel.Count == 1, TestRun.Patience, "the connection is watched");
        Task<int> end = ReceiveAsync(socket);
        byte[] request = "GET /rows/q HTTP/1.1\r\n"u8.ToArray();
        for (int second = 0; second < 9; second++)
        {
            await socket.SendAsync(request.AsMemory(second, 1));
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }

        Assert.False(end.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1.2));
        Assert.Equal(0, await end.WaitAsync(TestRun.Patience));
    }

    [Fact]
    public async Task Connections_OfMany_DoNotHinderAGoodClient_AndARequestEndsTheWatch()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => new ScriptedRowSource().Delivers("1"), new StreamGatewayOptions { TimeProvider = time, UnreadTimeout = Timeout.InfiniteTimeSpan });
        Socket[] silent = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => host.ConnectAsync()));
        Assert.Equal("1\n", await host.Client.GetStringAsync("/rows/q"));
        await Wait.UntilAsync(() => host.Gateway.Wheel.Count == 300, TestRun.Patience, "only the silent ones are watched");
        time.Advance(TimeSpan.FromSeconds(11));
        foreach (Socket socket in silent)
        {
            Assert.Equal(0, await ReceiveAsync(socket).WaitAsync(TestRun.Patience));
            socket.Dispose();
        }

        Assert.Equal("1\n", await host.Client.GetStringAsync("/rows/q"));
    }

    // A connection that is cut off ends or is reset.
    private static async Task<int> ReceiveAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1]);
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
