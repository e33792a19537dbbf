using System.Diagnostics;
using System.Net.Sockets;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.AspNetCore.Tests.Responses;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.WebSockets;

/// <summary>Clients that break the protocol or a limit: each sees the close frame with the right code, and nothing is left of it.</summary>
public sealed class AbuseTests
{
    public static TheoryData<string, int> Malformed => new()
    {
        { "reserved bit", 1002 },
        { "reserved opcode", 1002 },
        { "unmasked", 1002 },
        { "fragmented control", 1002 },
        { "continuation of nothing", 1002 },
        { "one-byte close", 1002 },
        { "reserved close code", 1002 },
        { "invalid UTF-8", 1007 },
        { "oversize", 1009 },
        { "oversize in fragments", 1009 },
        { "too many fragments", 1008 },
        { "ping flood", 1008 },
        { "message flood", 1008 },
        { "binary", 1003 },
        { "oversize binary", 1009 },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Client_ThatBreaksARule_SeesTheCodeAndIsGone(string what, int code)
    {
        var source = new ScriptedRowSource().Delivers("1").Blocks();
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => source);
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        await client.ReadMessageAsync();
        byte[] bytes = Bytes(what);
        try
        {
            await client.SendBytesAsync(bytes);
        }
        catch (IOException)
        {
            // Closed while it was still sending.
        }

        Assert.Equal(code, (await client.ReadCloseAsync()).Code);
        await client.SendCloseAsync((ushort)code);
        Assert.True(await client.IsEndedAsync());
        await host.QuietAsync();
        Assert.Equal(1, source.Disposals);
    }

    [Fact]
    public async Task Client_ThatFloodsAndReadsLate_StillSeesTheCode()
    {
        // Rows without end fill its receive buffer, so what is said to it waits behind them.
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Sample(long.MaxValue)));
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        for (int i = 0; i < 20; i++)
        {
            await client.SendBytesAsync(Bytes("ping flood"));
        }

        Assert.Equal(1008, (await client.ReadCloseAsync()).Code);
        await client.SendCloseAsync(1008);
        Assert.True(await client.IsEndedAsync());
        await host.QuietAsync();
    }

    [Fact]
    public async Task Client_ThatFloodsAndNeverReads_IsCutOffAtTheCloseTime_AndCostsNoMemory()
    {
        await using GatewayHost host = await HttpRowsTests.StartAsync(
            () => new ScriptedRowSource().Blocks(), new StreamGatewayOptions { CloseTimeout = TimeSpan.FromSeconds(1) });
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        byte[] flood = [.. Enumerable.Repeat(Bytes("ping flood"), 50).SelectMany(b => b)];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long sent = 0;
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            for (; sent < 10_000_000_000; sent += flood.Length)
            {
                await client.SendBytesAsync(flood);
            }
        });

        await host.QuietAsync();
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4 * 1024 * 1024);
        Assert.InRange(sent, 1, 10_000_000_000 - 1);
    }

    [Fact]
    public async Task Client_ThatFloodsWhileItTakesNoRows_IsHeldBackItself()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Sample(long.MaxValue)));
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        long rows = -1;
        await Wait.UntilAsync(
            async () =>
            {
                long before = rows;
                await Task.Delay(200);
                rows = host.Gateway.Sessions.Single().Stream?.GetStatistics().RowsDelivered ?? 0;
                return rows > 0 && rows == before;
            },
            TestRun.Patience,
            "its rows stand still");
        byte[] flood = [.. Enumerable.Repeat(Bytes("ping flood"), 50).SelectMany(b => b)];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Task sending;
        long sent = 0;
        do
        {
            sending = client.SendBytesAsync(flood);
            await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(1)));
            sent += flood.Length;
        }
        while (sending.IsCompletedSuccessfully && sent < 1_000_000_000);

        // Its bytes stay in the kernel's buffers: nobody reads them while it does not read the answers.
        Assert.False(sending.IsCompleted);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4 * 1024 * 1024);
        client.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
        await host.QuietAsync();
    }

    [Fact]
    public async Task Client_ThatVanishes_CancelsItsStreamAtOnce()
    {
        var source = new ScriptedRowSource().Delivers("1").Blocks();
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => source);
        using (RawWebSocket client = await RawWebSocket.ConnectAsync(host))
        {
            await client.ReadMessageAsync();
            await source.BlockedAsync();
            client.Socket.LingerState = new LingerOption(true, 0);
        }

        await host.QuietAsync();
        Assert.Equal(1, source.Cancellations);
    }

    [Fact]
    public async Task Storm_OfAbruptDrops_LeavesNothingCounted()
    {
        int drops = TestRun.IsFull ? 10_000 : 400;
        await using GatewayHost host = await HttpRowsTests.StartAsync(
            () => new ScriptedRowSource().Delivers("1").Blocks(), new StreamGatewayOptions { MaxConnections = 100, MaxConnectionsPerAddress = 80, MaxRunningStreams = 60 });
        int[] statuses = new int[600];
        await Parallel.ForEachAsync(Enumerable.Range(0, drops), new ParallelOptions { MaxDegreeOfParallelism = 100 }, async (i, _) =>
        {
            try
            {
                using RawWebSocket client = await RawWebSocket.ConnectAsync(host, protocol: i % 7 == 0 ? "" : "streamruntime.v1");
                Interlocked.Increment(ref statuses[client.Status]);
                if (i % 3 == 0)
                {
                    await client.SendTextAsync("""{"type":"pause"}""");
                }

                client.Socket.LingerState = new LingerOption(true, 0);
            }
            catch (IOException)
            {
                // Refused or dropped meanwhile.
            }
        });
        await host.QuietAsync();
        await Wait.UntilAsync(() => host.Gateway.Wheel.Count == 0, TestRun.Patience, "no timer is left");
        Assert.True(statuses[101] > 0);
        using HttpResponseMessage ready = await host.Client.GetAsync("/rows/q", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(200, (int)ready.StatusCode);
    }

    [Fact]
    public async Task Client_ThatVanishesRightAfterItsHandshake_IsNoticedThoughItsRowsNeverWait()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Sample(long.MaxValue)));
        await Parallel.ForEachAsync(Enumerable.Range(0, 600), new ParallelOptions { MaxDegreeOfParallelism = 60 }, async (_, _) =>
        {
            using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
            client.Socket.LingerState = new LingerOption(true, 0);
        });

        // Less than the pong timeout, which would find it out as well.
        await Wait.UntilAsync(() => host.Gateway.Connections == 0, TimeSpan.FromSeconds(20), "every place is free");
    }

    [Theory]
    [InlineData(59.9, false)]
    [InlineData(60.2, true)]
    public async Task Idle_ForItsLimit_ClosesNormallyWithAReason(double seconds, bool isClosed)
    {
        (ManualTimeProvider time, GatewayHost host, RawWebSocket client) = await OpenAsync(new StreamGatewayOptions { PongTimeout = Timeout.InfiniteTimeSpan });
        await using GatewayHost _ = host;
        using RawWebSocket __ = client;
        time.Advance(TimeSpan.FromSeconds(seconds));
        await CheckStateAsync(host, isClosed);
        if (isClosed)
        {
            (int code, string reason) = await client.ReadCloseAsync();
            Assert.Equal(1000, code);
            Assert.Contains("idle", reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Idle_WhilePaused_DoesNotRun()
    {
        (ManualTimeProvider time, GatewayHost host, RawWebSocket client) = await OpenAsync(new StreamGatewayOptions { PongTimeout = Timeout.InfiniteTimeSpan });
        await using GatewayHost _ = host;
        using RawWebSocket __ = client;
        await client.SendTextAsync("""{"type":"pause"}""");
        Assert.Equal("paused", (await client.ReadMessageAsync()).GetProperty("type").GetString());
        time.Advance(TimeSpan.FromSeconds(200));
        await CheckStateAsync(host, isClosed: false);
        await client.SendTextAsync("""{"type":"resume"}""");
        Assert.Equal("resumed", (await client.ReadMessageAsync()).GetProperty("type").GetString());
        time.Advance(TimeSpan.FromSeconds(59));
        await CheckStateAsync(host, isClosed: false);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1000, (await client.ReadCloseAsync()).Code);
    }

    [Fact]
    public async Task Ping_ComesAtItsInterval_AndAPongKeepsTheConnection()
    {
        (ManualTimeProvider time, GatewayHost host, RawWebSocket client) = await OpenAsync(new StreamGatewayOptions { IdleTimeout = Timeout.InfiniteTimeSpan });
        await using GatewayHost _ = host;
        using RawWebSocket __ = client;
        for (int i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromSeconds(12.5));
            Task<(int Opcode, byte[] Payload)?> frame = client.ReadFrameAsync();
            await Task.Delay(20);
            Assert.False(frame.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(2.7));
            (int opcode, byte[] payload) = (await frame)!.Value;
            Assert.Equal((9, 0), (opcode, payload.Length));
            await client.SendBytesAsync(RawWebSocket.Frame(0x8A));
            await client.SendTextAsync("""{"type":"stats"}""");
            await client.ReadMessageAsync();
        }

        await CheckStateAsync(host, isClosed: false);
    }

    [Theory]
    [InlineData(29.7, false)]
    [InlineData(30.3, true)]
    public async Task Pong_ThatDoesNotCome_AbortsAtItsLimit(double seconds, bool isClosed)
    {
        (ManualTimeProvider time, GatewayHost host, RawWebSocket client) = await OpenAsync(new StreamGatewayOptions { IdleTimeout = Timeout.InfiniteTimeSpan });
        await using GatewayHost _ = host;
        using RawWebSocket __ = client;
        time.Advance(TimeSpan.FromSeconds(15.1));
        Assert.Equal(9, (await client.ReadFrameAsync())!.Value.Opcode);
        time.Advance(TimeSpan.FromSeconds(seconds));
        await CheckStateAsync(host, isClosed);
        if (isClosed)
        {
            Assert.True(await client.IsEndedAsync());
            await host.QuietAsync();
        }
    }

    [Theory]
    [InlineData(9.8, false)]
    [InlineData(10.2, true)]
    public async Task Handshake_WithoutAToken_IsClosedAtItsLimit(double seconds, bool isClosed)
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await HttpRowsTests.StartAsync(
            () => new ScriptedRowSource(), new StreamGatewayOptions { TimeProvider = time, Authenticate = (_, _, _) => default });
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        await Wait.UntilAsync(() => host.Gateway.Sessions.Single().State == ConnectionState.Authenticating, TestRun.Patience, "the token is waited for");
        time.Advance(TimeSpan.FromSeconds(seconds));
        await CheckStateAsync(host, isClosed);
        if (isClosed)
        {
            Assert.Equal(1002, (await client.ReadCloseAsync()).Code);
        }
    }

    [Theory]
    [InlineData(4.8, false)]
    [InlineData(5.2, true)]
    public async Task Close_WithoutAnAnswer_IsCutOffAtItsLimit(double seconds, bool isGone)
    {
        (ManualTimeProvider time, GatewayHost host, RawWebSocket client) = await OpenAsync(new StreamGatewayOptions());
        await using GatewayHost _ = host;
        using RawWebSocket __ = client;
        host.Gateway.Sessions.Single().BeginClose(SessionEnd.Administrator);
        Assert.Equal(1000, (await client.ReadCloseAsync()).Code);
        time.Advance(TimeSpan.FromSeconds(seconds));
        if (isGone)
        {
            await host.QuietAsync();
        }
        else
        {
            await Task.Delay(50);
            Assert.Equal(1, host.Gateway.Connections);
            await client.SendCloseAsync(1000);
            await host.QuietAsync();
        }
    }

    private static async Task<(ManualTimeProvider Time, GatewayHost Host, RawWebSocket Client)> OpenAsync(StreamGatewayOptions options)
    {
        var time = new ManualTimeProvider();
        GatewayHost host = await HttpRowsTests.StartAsync(() => new ScriptedRowSource().Blocks(), options with { TimeProvider = time });
        RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        Assert.Equal("started", (await client.ReadMessageAsync()).GetProperty("type").GetString());

        // What is scheduled goes by what the sender noted once it had flushed.
        await client.SendTextAsync("""{"type":"stats"}""");
        await client.ReadMessageAsync();
        return (time, host, client);
    }

    private static async Task CheckStateAsync(GatewayHost host, bool isClosed)
    {
        if (isClosed)
        {
            await Wait.UntilAsync(() => host.Gateway.Sessions.All(s => s.State >= ConnectionState.Closing), TestRun.Patience, "the session is closing");
        }
        else
        {
            await Task.Delay(50);
            Assert.True(host.Gateway.Sessions.Single().State < ConnectionState.Closing);
        }
    }

    private static byte[] Bytes(string what) => what switch
    {
        "reserved bit" => RawWebSocket.Frame(0xC1, 1),
        "reserved opcode" => RawWebSocket.Frame(0x83, 1),
        "unmasked" => [0x81, 2, (byte)'{', (byte)'}'],
        "fragmented control" => RawWebSocket.Frame(0x09, 1),
        "continuation of nothing" => RawWebSocket.Frame(0x80, 1),
        "one-byte close" => RawWebSocket.Frame(0x88, 3),
        "reserved close code" => RawWebSocket.Frame(0x88, 0x03, 0xED),
        "invalid UTF-8" => RawWebSocket.Frame(0x81, (byte)'"', 0xC3, 0x28, (byte)'"'),
        "oversize" => RawWebSocket.Frame(0x81, new byte[20_000]),
        "oversize in fragments" => [.. RawWebSocket.Frame(0x01, new byte[10_000]), .. RawWebSocket.Frame(0x00, new byte[10_000])],
        "too many fragments" => [.. RawWebSocket.Frame(0x01, 32), .. Enumerable.Repeat(RawWebSocket.Frame(0x00, 32), 64).SelectMany(f => f)],
        "ping flood" => [.. Enumerable.Repeat(RawWebSocket.Frame(0x89), 101).SelectMany(f => f)],
        "message flood" => [.. Enumerable.Repeat(RawWebSocket.Frame(0x81, """{"type":"stats"}"""u8.ToArray()), 101).SelectMany(f => f)],
        "binary" => RawWebSocket.Frame(0x82, 1, 2, 3),
        _ => RawWebSocket.Frame(0x82, new byte[20_000]),
    };
}
