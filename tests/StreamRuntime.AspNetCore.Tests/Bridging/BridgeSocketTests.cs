using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>What a bridge has of the gateway: seen by a client that does whatever it likes.</summary>
public sealed class BridgeSocketTests
{
    [Theory]
    [InlineData("reserved opcode", 1002)]
    [InlineData("unmasked", 1002)]
    [InlineData("invalid UTF-8", 1007)]
    [InlineData("ping flood", 1008)]
    [InlineData("too many fragments", 1008)]
    [InlineData("too big", 1009)]
    public async Task Client_ThatBreaksARule_SeesTheCodeAndNoReset(string what, int code)
    {
        var backend = new MemoryBackend();
        await using GatewayHost host = await StartAsync(() => backend, bridges: BridgeOptions.Default with { MaxMessageBytes = 100_000 });
        using RawWebSocket client = await ConnectAsync(host);
        await client.SendBytesAsync(what switch
        {
            "reserved opcode" => RawWebSocket.Frame(0x83, 1),
            "unmasked" => [0x82, 2, 1, 2],
            "invalid UTF-8" => RawWebSocket.Frame(0x81, 0xC3, 0x28),
            "ping flood" => [.. Enumerable.Repeat(RawWebSocket.Frame(0x89), 101).SelectMany(f => f)],
            "too many fragments" => [.. RawWebSocket.Frame(0x02, 32), .. Enumerable.Repeat(RawWebSocket.Frame(0x00, 32), 64).SelectMany(f => f)],
            _ => RawWebSocket.Frame(0x82, new byte[100_001]),
        });

        // It goes on sending, which a connection that was closed behind its close frame would answer by a reset.
        await client.SendBytesAsync(RawWebSocket.Frame(0x82, new byte[50_000]));
        Assert.Equal(code, (await client.ReadCloseAsync()).Code);
        await client.SendBytesAsync(RawWebSocket.Frame(0x82, new byte[50_000]));
        await client.SendCloseAsync((ushort)code);
        Assert.Null(await client.ReadFrameAsync());
        await QuietAsync(host);
        Assert.Equal(1, backend.Disposals);
    }

    [Fact]
    public async Task Ping_IsSent_AndAClientWithoutPongIsGone()
    {
        var time = new ManualTimeProvider();
        var backend = new MemoryBackend();
        await using GatewayHost host = await StartAsync(() => backend, new StreamGatewayOptions { TimeProvider = time });
        using RawWebSocket client = await ConnectAsync(host);
        BridgeSession session = Manager(host).Sessions.Single();
        time.Advance(TimeSpan.FromSeconds(15.1));
        Assert.Equal(9, (await client.ReadFrameAsync())!.Value.Opcode);
        time.Advance(TimeSpan.FromSeconds(30.2));
        await QuietAsync(host);
        Assert.Equal((1, BridgeEnd.ClientLost), (backend.Disposals, (await session.Completion).End));
    }

    [Theory]
    [InlineData(59.8, false)]
    [InlineData(60.3, true)]
    public async Task Idle_ForTheBridgesOwnLimit_ClosesAndNotBefore(double seconds, bool isClosed)
    {
        var time = new ManualTimeProvider();
        var gateway = new StreamGatewayOptions { TimeProvider = time, IdleTimeout = TimeSpan.FromSeconds(1), PingInterval = Timeout.InfiniteTimeSpan };
        await using GatewayHost host = await StartAsync(() => new MemoryBackend { Echoes = true }, gateway, BridgeOptions.Default with { IdleTimeout = TimeSpan.FromSeconds(60) });
        using RawWebSocket client = await ConnectAsync(host);
        BridgeSession session = Manager(host).Sessions.Single();

        // A pause is no idleness, and the time begins anew behind it.
        session.Pause();
        time.Advance(TimeSpan.FromHours(2));
        session.Resume();
        await StatsAsync(client);
        time.Advance(TimeSpan.FromSeconds(seconds));
        if (isClosed)
        {
            Assert.Equal(1000, (await client.ReadCloseAsync()).Code);
            await client.SendCloseAsync(1000);
            await QuietAsync(host);
        }
        else
        {
            await StatsAsync(client);
            Assert.Equal(BridgeState.Active, session.State);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Client_ThatTakesNothing_IsToldWhyIfItReadsAgainAndCutOffIfNot(bool readsAgain)
    {
        var time = new ManualTimeProvider();
        var backend = new MemoryBackend();
        await using GatewayHost host = await StartAsync(() => backend, new StreamGatewayOptions { TimeProvider = time });
        using RawWebSocket client = await ConnectAsync(host);
        BridgeSession session = Manager(host).Sessions.Single();
        for (int i = 0; i < 1000; i++)
        {
            backend.Sends(new byte[32 * 1024]);
        }

        int seen = -1;
        await Wait.UntilAsync(() => session.GetStatistics().QueuedMessages > 3 && seen == (seen = backend.Receives), TestRun.Patience, "the queue is full");
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return session.State >= BridgeState.Closing;
            },
            TestRun.Patience,
            "the wait is over");
        await Wait.UntilAsync(() => backend.Disposals == 1, TestRun.Patience, "the backend is released before its client");
        if (readsAgain)
        {
            (int code, string reason) = await client.ReadCloseAsync();
            Assert.Equal((1011, "the client took nothing for too long"), (code, reason));
            await client.SendCloseAsync(1011);
        }
        else
        {
            await Wait.UntilAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    return session.State == BridgeState.Closed;
                },
                TestRun.Patience,
                "the client is cut off");
        }

        await QuietAsync(host);
        Assert.Equal(BridgeEnd.QueueBlocked, (await session.Completion).End);
    }

    [Fact]
    public async Task HeldBack_Client_IsAskedForNoPong_AndItsGoingIsSeen()
    {
        var time = new ManualTimeProvider();
        var backend = new MemoryBackend();
        await using GatewayHost host = await StartAsync(() => backend, new StreamGatewayOptions { TimeProvider = time }, BridgeOptions.Default with { IdleTimeout = Timeout.InfiniteTimeSpan });
        RawWebSocket client = await ConnectAsync(host);
        BridgeSession session = Manager(host).Sessions.Single();
        session.Pause();

        // More than is held, and little enough for the buffers between us: its pongs would be behind it.
        await client.SendBytesAsync(RawWebSocket.Frame(0x82, new byte[200_000]));
        for (int i = 0; i < 20; i++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(5);
        }

        Assert.Equal(BridgeState.Active, session.State);
        client.Socket.LingerState = new System.Net.Sockets.LingerOption(true, 0);
        client.Dispose();
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return session.State == BridgeState.Closed;
            },
            TestRun.Patience,
            "the backend is released");
        Assert.Equal(BridgeEnd.ClientLost, (await session.Completion).End);
        await QuietAsync(host);
    }

    [Fact]
    public async Task Client_OfAnAddressThatHasItsShare_IsRefusedWith429()
    {
        await using GatewayHost host = await StartAsync(() => new MemoryBackend(), new StreamGatewayOptions { MaxConnectionsPerAddress = 2, MaxRunningStreams = 1 });
        using RawWebSocket one = await ConnectAsync(host);
        using RawWebSocket two = await ConnectAsync(host);
        using RawWebSocket three = await RawWebSocket.ConnectAsync(host, "/bridge", protocol: "");
        Assert.Equal(429, three.Status);
        Assert.Equal((2, 0), (host.Gateway.Connections, host.Gateway.Streams.Running));
    }

    [Theory]
    [InlineData("good")]
    [InlineData("bad")]
    public async Task Authenticate_ByQueryAndMessage_LetsGoodTokensIn(string token)
    {
        var gateway = new StreamGatewayOptions { Authenticate = (_, given, _) => new(given == "good" ? new ClaimsPrincipal(new ClaimsIdentity("test")) : null) };
        int made = 0;
        await using GatewayHost host = await StartAsync(
            context =>
            {
                Interlocked.Increment(ref made);
                Assert.Equal("test", context.User.Identity!.AuthenticationType);
                return new MemoryBackend { Echoes = true };
            },
            gateway);
        using RawWebSocket byQuery = await RawWebSocket.ConnectAsync(host, "/bridge?access_token=" + token, protocol: "");
        Assert.Equal(token == "good" ? 101 : 401, byQuery.Status);

        // What comes right behind the token is the first thing the backend gets.
        using RawWebSocket byMessage = await RawWebSocket.ConnectAsync(host, "/bridge", protocol: "");
        await byMessage.SendBytesAsync([
            .. RawWebSocket.Frame(0x81, Encoding.UTF8.GetBytes($$"""{"type":"authenticate","token":"{{token}}"}""")), .. RawWebSocket.Frame(0x82, 1, 2, 3)]);
        if (token == "good")
        {
            Assert.Equal([1, 2, 3], (await byMessage.ReadFrameAsync())!.Value.Payload);
            Assert.Equal(2, made);
        }
        else
        {
            Assert.Equal(1008, (await byMessage.ReadCloseAsync()).Code);
            await byMessage.SendCloseAsync(1008);
            await QuietAsync(host);
            Assert.Equal(0, made);
        }

        using RawWebSocket bytesFirst = await RawWebSocket.ConnectAsync(host, "/bridge", protocol: "");
        await bytesFirst.SendBytesAsync(RawWebSocket.Frame(0x82, 1));
        Assert.Equal(1008, (await bytesFirst.ReadCloseAsync()).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Backend_RefusedOnceTheTokenCame_ClosesAndGivesItsPlaceBack(bool isRefusal)
    {
        var gateway = new StreamGatewayOptions { Authenticate = (_, _, _) => new(new ClaimsPrincipal(new ClaimsIdentity("test"))) };
        await using GatewayHost host = await StartAsync(
            _ => throw (isRefusal ? new BadHttpRequestException("no such target", StatusCodes.Status404NotFound) : new IOException("secret")), gateway);
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host, "/bridge", protocol: "");
        await client.SendTextAsync("""{"type":"authenticate","token":"x"}""");
        Assert.Equal(isRefusal ? (1008, "no such target") : (1011, "the backend could not be reached"), await client.ReadCloseAsync());
        await client.SendCloseAsync(1000);
        await QuietAsync(host);
    }

    [Fact]
    public async Task Sessions_ListShowsBridges_AndPausesResumesAndClosesThem()
    {
        await using GatewayHost host = await StartAsync(() => new MemoryBackend { Echoes = true });
        using RawWebSocket client = await ConnectAsync(host);
        await client.SendBytesAsync(RawWebSocket.Frame(0x82, 1, 2, 3));
        Assert.Equal(3, (await client.ReadFrameAsync())!.Value.Payload.Length);
        await StatsAsync(client);
        using JsonDocument list = JsonDocument.Parse(await host.Client.GetStringAsync("/sessions"));
        JsonElement session = Assert.Single(list.RootElement.GetProperty("sessions").EnumerateArray());
        Assert.Equal(("/bridge", "bridge", "Open", 3), (
            session.GetProperty("endpoint").GetString(), session.GetProperty("transport").GetString(), session.GetProperty("state").GetString(), session.GetProperty("bytes").GetInt32()));
        JsonElement bridge = session.GetProperty("bridge");
        Assert.Equal(("memory", "Active", 3), (bridge.GetProperty("backend").GetString(), bridge.GetProperty("state").GetString(), bridge.GetProperty("bytesToBackend").GetInt32()));
        long id = session.GetProperty("id").GetInt64();
        Assert.NotNull(Manager(host).Find(id));

        Assert.True((await PostAsync(host, $"/sessions/{id}/pause")).GetProperty("pausedByRequest").GetBoolean());
        Assert.Equal("paused", (await client.ReadMessageAsync()).GetProperty("type").GetString());
        Assert.False((await PostAsync(host, $"/sessions/{id}/resume")).GetProperty("pausedByRequest").GetBoolean());
        Assert.Equal("resumed", (await client.ReadMessageAsync()).GetProperty("type").GetString());
        await PostAsync(host, $"/sessions/{id}/close");
        Assert.Equal((1000, "closed by the server"), await client.ReadCloseAsync());
        await client.SendCloseAsync(1000);
        await QuietAsync(host);
    }

    [Fact]
    public async Task Stopping_ClosesBridgesAtOnceAndLetsResultsFinish()
    {
        await using GatewayHost host = await StartAsync(() => new MemoryBackend(), new StreamGatewayOptions { TimeProvider = new ManualTimeProvider() });
        using RawWebSocket client = await ConnectAsync(host);
        Task stop = host.Application.StopAsync();

        // No time goes by: it is not the drain time's end that closes it.
        Assert.Equal(1001, (await client.ReadCloseAsync()).Code);
        Assert.False(stop.IsCompleted);
        await client.SendCloseAsync(1001);
        Assert.Null(await client.ReadFrameAsync());
        await stop.WaitAsync(TestRun.Patience);
        Assert.Equal(GatewayPhase.Draining, host.Gateway.Phase);
        await QuietAsync(host);
    }

    [Fact]
    public async Task Storm_OfAbruptDrops_LeavesNothingCounted()
    {
        int drops = TestRun.IsFull ? 10_000 : 300;
        int seed = Random.Shared.Next();
        int made = 0;
        int released = 0;
        var gateway = new StreamGatewayOptions { MaxConnections = 60, MaxConnectionsPerAddress = 50 };
        await using GatewayHost host = await StartAsync(
            () =>
            {
                Interlocked.Increment(ref made);
                return new MemoryBackend { Echoes = true, OnRelease = () => Interlocked.Increment(ref released) };
            },
            gateway,
            BridgeOptions.Default with { MaxSessions = 40, FlushTime = TimeSpan.FromMilliseconds(20) });
        await Parallel.ForEachAsync(Enumerable.Range(0, drops), new ParallelOptions { MaxDegreeOfParallelism = 70 }, async (i, _) =>
        {
            var random = new Random(seed + i);
            try
            {
                using RawWebSocket client = await RawWebSocket.ConnectAsync(host, "/bridge", protocol: "");
                if (client.Status != 101)
                {
                    return;
                }

                switch (random.Next(6))
                {
                    case 0: await client.SendBytesAsync(RawWebSocket.Frame(0x82, new byte[random.Next(200_000)])); break;
                    case 1: await client.SendTextAsync("""{"type":"pause"}"""); break;
                    case 2: await client.SendCloseAsync(1000); break;
                    case 3: await client.SendBytesAsync(RawWebSocket.Frame(0x83)); break;
                    case 4: await client.SendBytesAsync(RawWebSocket.Frame(0x82, new byte[1000])[..500]); break;
                }

                if (random.Next(2) == 0)
                {
                    client.Socket.LingerState = new System.Net.Sockets.LingerOption(true, 0);
                }
            }
            catch (IOException)
            {
                // Refused or dropped meanwhile.
            }
        });
        await QuietAsync(host);
        Assert.True(made > 0 && made == released, $"{made} made, {released} released, seed {seed}");
        BridgeTotals totals = Manager(host).GetTotals();
        Assert.Equal((0, made, made), (totals.Active, totals.Started, totals.Ended));
    }

    private static Task<GatewayHost> StartAsync(Func<IBridgeBackend> open, StreamGatewayOptions? gateway = null, BridgeOptions? bridges = null) =>
        StartAsync(_ => open(), gateway, bridges);

    private static Task<GatewayHost> StartAsync(Func<HttpContext, IBridgeBackend> open, StreamGatewayOptions? gateway = null, BridgeOptions? bridges = null) => GatewayHost.StartAsync(
        app =>
        {
            app.MapBridge("/bridge", (context, _) => new(open(context)));
            app.MapStreamSessionsForEverybody();
        },
        gateway,
        bridges: bridges);

    private static async Task<RawWebSocket> ConnectAsync(GatewayHost host)
    {
        RawWebSocket client = await RawWebSocket.ConnectAsync(host, "/bridge", protocol: "");
        Assert.Equal(101, client.Status);
        await Wait.UntilAsync(() => Manager(host).Sessions.Any(s => s.State == BridgeState.Active), TestRun.Patience, "the session is active");
        return client;
    }

    private static async Task StatsAsync(RawWebSocket client)
    {
        await client.SendTextAsync("""{"type":"stats"}""");
        Assert.Equal("stats", (await client.ReadMessageAsync()).GetProperty("type").GetString());
    }

    private static async Task<JsonElement> PostAsync(GatewayHost host, string path)
    {
        using HttpResponseMessage response = await host.Client.PostAsync(path, null);
        response.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    private static BridgeSessionManager Manager(GatewayHost host) => host.Application.Services.GetRequiredService<BridgeSessionManager>();

    private static async Task QuietAsync(GatewayHost host)
    {
        await host.QuietAsync();
        await Wait.UntilAsync(() => Manager(host) is { Count: 0, Sessions.Count: 0 }, TestRun.Patience, "every place is free");
    }
}
