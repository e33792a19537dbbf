using System.Diagnostics;
using System.Security.Cryptography;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.WebSockets;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

public sealed class BridgeSessionTests
{
    // What is promised, on a machine that has nothing else to do; where other tests run beside, only that no time limit was waited for.
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(TestRun.IsFull ? 1 : 4);

    [Fact]
    public async Task Bytes_BothWays_ArriveUnchanged()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        byte[] toBackend = RandomNumberGenerator.GetBytes(300_001);
        byte[] toClient = RandomNumberGenerator.GetBytes(500_003);
        client.Says(toBackend);
        backend.Sends(toClient);
        await Wait.UntilAsync(() => backend.Taken.Length == toBackend.Length, TestRun.Patience, "the backend has all");
        backend.Ends();

        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal(toBackend, backend.Taken);
        Assert.Equal(toClient, client.Taken);
        Assert.Equal((toClient.Length, toBackend.Length), (result.Statistics.BytesToClient, result.Statistics.BytesToBackend));
        Assert.Equal(1, result.Statistics.MessagesToClient);
        Assert.Equal(1, client.Messages);
        Assert.Equal((BridgeEnd.BackendEnded, 1000), (result.End, client.CloseCode));
        Assert.Empty(result.Errors);
        Assert.Equal(BridgeState.Closed, session.State);
        Assert.Equal(4, result.Statistics.Transitions);
    }

    [Fact]
    public async Task Start_WhoseBackendCantBeReached_EndsWithTheError()
    {
        await using var sessions = new Sessions();
        var failure = new StreamRuntimeException(ErrorKind.ConnectFailed, "nobody there");
        var client = new MemoryClient();
        BridgeSession session = sessions.Create(client, new MemoryBackend { OnConnect = _ => Task.FromException(failure) });
        Assert.False(await session.StartAsync());
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal((BridgeEnd.ConnectFailed, 1011, 1011), (result.End, result.CloseCode, client.CloseCode));
        Assert.Same(failure, Assert.Single(result.Errors));
        Assert.Equal(3, result.Statistics.Transitions);
        Assert.DoesNotContain("nobody", client.CloseReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WhoseBackendTakesTooLong_TimesOutAtItsLimit()
    {
        var time = new ManualTimeProvider();
        await using var sessions = new Sessions(gateway: StreamGatewayOptions.Default with { TimeProvider = time, TimerGranularity = TimeSpan.FromMilliseconds(1) });
        var client = new MemoryClient();
        BridgeSession session = sessions.Create(client, new MemoryBackend { OnConnect = stop => Task.Delay(Timeout.Infinite, stop) });
        Task<bool> start = session.StartAsync();
        time.Advance(sessions.Manager.Options.ConnectTimeout - TimeSpan.FromMilliseconds(1));
        Assert.Equal(BridgeState.Connecting, session.State);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(await start.WaitAsync(TestRun.Patience));
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal(ErrorKind.Timeout, Assert.IsType<StreamRuntimeException>(Assert.Single(result.Errors)).Kind);
    }

    [Fact]
    public async Task Start_Twice_Throws()
    {
        await using var sessions = new Sessions();
        BridgeSession session = await sessions.StartAsync(new MemoryClient(), new MemoryBackend());
        await Assert.ThrowsAsync<InvalidOperationException>(session.StartAsync);
    }

    [Fact]
    public async Task Close_BeforeTheStart_ReleasesBoth()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = sessions.Create(client, backend);
        BridgeResult result = await session.CloseAsync().WaitAsync(TestRun.Patience);
        Assert.False(await session.StartAsync());
        Assert.Equal((BridgeEnd.Application, 1, 1), (result.End, client.Disposals, backend.Disposals));
    }

    [Fact]
    public async Task Close_WhileConnecting_StopsTheAttempt()
    {
        await using var sessions = new Sessions();
        var backend = new MemoryBackend { OnConnect = stop => Task.Delay(Timeout.Infinite, stop) };
        BridgeSession session = sessions.Create(new MemoryClient(), backend);
        Task<bool> start = session.StartAsync();
        BridgeResult result = await session.CloseAsync().WaitAsync(TestRun.Patience);
        Assert.False(await start);
        Assert.Equal((BridgeEnd.Application, 1), (result.End, backend.Disposals));
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task Close_WhileTheClientVanishesDuringTheConnect_EndsAtOnce()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend { OnConnect = stop => Task.Delay(Timeout.Infinite, stop) };
        BridgeSession session = sessions.Create(client, backend);
        Task<bool> start = session.StartAsync();
        client.Breaks(new IOException("reset"));
        Assert.Equal(BridgeEnd.ClientLost, (await Sessions.EndOf(session)).End);
        Assert.False(await start);
    }

    [Fact]
    public async Task Close_OfAHundredCallers_IsOne()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        BridgeResult[] results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(session.CloseAsync))).WaitAsync(TestRun.Patience);
        Assert.All(results, r => Assert.Same(results[0], r));
        Assert.Equal((1, 1), (client.Disposals, backend.Disposals));
    }

    [Fact]
    public async Task Close_WhoseStepsAllFail_GoesOnInOrderAndReportsAll()
    {
        var log = new List<string>();
        Exception[] failures = [new IOException("backend"), new IOException("goodbye"), new IOException("client")];
        await using var sessions = new Sessions(gateway: StreamGatewayOptions.Default with { CloseTimeout = TimeSpan.FromMilliseconds(50) });
        var client = new MemoryClient(log) { FailsToClose = failures[1], FailsToRelease = failures[2] };
        BridgeSession session = await sessions.StartAsync(client, new MemoryBackend(log) { FailsToRelease = failures[0] });
        BridgeResult result = await session.CloseAsync().WaitAsync(TestRun.Patience);
        Assert.Equal(failures, result.Errors);
        Assert.Equal(["backend released", "client released"], log);
        Assert.Equal(BridgeState.Closed, session.State);
    }

    [Fact]
    public async Task Close_WithABackendThatIgnoresItsToken_GoesOnAfterItsTime()
    {
        var stuck = new TaskCompletionSource();
        var sending = new TaskCompletionSource();
        await using var sessions = new Sessions(gateway: StreamGatewayOptions.Default with { CloseTimeout = TimeSpan.FromMilliseconds(50) });
        var backend = new MemoryBackend
        {
            OnSend = _ =>
            {
                sending.TrySetResult();
                return stuck.Task;
            },
        };
        var client = new MemoryClient();
        BridgeSession session = await sessions.StartAsync(client, backend);
        client.Says([1]);
        await sending.Task.WaitAsync(TestRun.Patience);
        BridgeResult result = await session.CloseAsync().WaitAsync(TestRun.Patience);
        Assert.Contains(result.Errors, e => e is StreamRuntimeException { Kind: ErrorKind.Timeout });
        Assert.Equal((1, 1), (client.Disposals, backend.Disposals));
        stuck.SetResult();
        await Wait.UntilAsync(() => sessions.Pools.ArraysOut == 0, TestRun.Patience, "the stuck pump gives its message back");
    }

    [Theory]
    [InlineData("backend ends", BridgeEnd.BackendEnded, 1000)]
    [InlineData("backend fails", BridgeEnd.BackendFailed, 1011)]
    [InlineData("backend ends in failure", BridgeEnd.BackendFailed, 1011)]
    [InlineData("backend takes nothing", BridgeEnd.BackendFailed, 1011)]
    [InlineData("client closes", BridgeEnd.ClientClosed, 1000)]
    [InlineData("client asks to close", BridgeEnd.ClientClosed, 1000)]
    [InlineData("client breaks the protocol", BridgeEnd.ClientProtocolError, 1002)]
    [InlineData("client says too much", BridgeEnd.MessageTooBig, 1009)]
    [InlineData("client controls too much", BridgeEnd.Policy, 1008)]
    [InlineData("client sends where nothing is taken", BridgeEnd.Policy, 1008)]
    [InlineData("client sends after its end", BridgeEnd.Policy, 1008)]
    [InlineData("server shuts down", BridgeEnd.Shutdown, 1001)]
    [InlineData("application closes", BridgeEnd.Application, 1000)]
    public async Task Active_WhenOneSideEnds_ClosesTheOtherWithinASecondByTheStatedCode(string what, BridgeEnd end, int code)
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend { TakesBytes = what != "client sends where nothing is taken" };
        BridgeSession session = await sessions.StartAsync(client, backend);
        backend.Sends([1, 2, 3]);
        await Wait.UntilAsync(() => client.Taken.Length == 3, TestRun.Patience, "the session runs");

        var watch = Stopwatch.StartNew();
        switch (what)
        {
            case "backend ends": backend.Ends(); break;
            case "backend fails": backend.Ends(new IOException("reset")); break;
            case "backend ends in failure": backend.End = new BridgeBackendEnd(null, new IOException("killed")); backend.Ends(); break;
            case "backend takes nothing": backend.OnSend = _ => Task.FromException(new IOException("broken pipe")); client.Says([1]); break;
            case "client closes": client.Closes(); break;
            case "client asks to close": client.Says(ControlKind.Close); break;
            case "client breaks the protocol": client.Violates(BridgeEnd.ClientProtocolError); break;
            case "client says too much": client.Violates(BridgeEnd.MessageTooBig); break;
            case "client controls too much": client.Violates(BridgeEnd.Policy); break;
            case "client sends where nothing is taken": client.Says([1]); break;
            case "client sends after its end": client.Says(ControlKind.End); client.Says([1]); break;
            case "server shuts down": _ = sessions.Manager.CloseAllAsync(); break;
            case "application closes": _ = session.CloseAsync(); break;
        }

        await client.Told.Task.WaitAsync(TestRun.Patience);
        TimeSpan took = watch.Elapsed;
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal((end, code, code), (result.End, result.CloseCode, client.CloseCode));
        Assert.Equal((1, 1), (client.Disposals, backend.Disposals));
        Assert.True(took < Promptly, $"The other side was closed after {took}.");
    }

    [Fact]
    public async Task Active_WhenTheClientIsLost_ReleasesTheBackendWithinASecond()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        var watch = Stopwatch.StartNew();
        client.Breaks(new IOException("reset"));
        BridgeResult result = await Sessions.EndOf(session);
        Assert.True(watch.Elapsed < Promptly, $"It took {watch.Elapsed}.");
        Assert.Equal((BridgeEnd.ClientLost, 1), (result.End, backend.Disposals));
    }

    [Fact]
    public async Task Active_WhenTheClientClosesWithoutReading_ReleasesTheBackendWithinASecond()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        client.TakesNothing();
        BridgeSession session = await sessions.StartAsync(client, backend);
        backend.Sends(new byte[1_000_000]);
        await Wait.UntilAsync(() => client.Sends > 0, TestRun.Patience, "a send is blocked");
        var watch = Stopwatch.StartNew();
        client.Closes();
        await Wait.UntilAsync(() => backend.Disposals == 1, TestRun.Patience, "the backend is released");
        Assert.True(watch.Elapsed < Promptly, $"It took {watch.Elapsed}.");
        await Sessions.EndOf(session);
    }

    [Fact]
    public async Task ExitStatus_OfABackend_IsInTheResult()
    {
        await using var sessions = new Sessions();
        var backend = new MemoryBackend { End = new BridgeBackendEnd(3) };
        BridgeSession session = await sessions.StartAsync(new MemoryClient(), backend);
        backend.Ends();
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal((BridgeEnd.BackendEnded, 3), (result.End, result.ExitStatus));
    }

    [Fact]
    public async Task EndOfBytes_OfTheClient_IsPassedOnAndTheRestStillComes()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        client.Says([1, 2]);
        client.Says(ControlKind.End);
        await Wait.UntilAsync(() => backend.IsInputComplete, TestRun.Patience, "the end is passed on");
        Assert.Equal([1, 2], backend.Taken);
        backend.Sends([3, 4]);
        backend.Ends();
        Assert.Equal(BridgeEnd.BackendEnded, (await Sessions.EndOf(session)).End);
        Assert.Equal([3, 4], client.Taken);
    }

    [Fact]
    public async Task LastBytes_OfEitherSide_AreDeliveredBeforeTheClose()
    {
        await using var sessions = new Sessions();
        byte[] bytes = RandomNumberGenerator.GetBytes(200_000);
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        client.Says(bytes);
        client.Closes();
        await Sessions.EndOf(session);
        Assert.Equal(bytes, backend.Taken);

        client = new MemoryClient();
        backend = new MemoryBackend();
        session = await sessions.StartAsync(client, backend);
        backend.Sends(bytes);
        backend.Ends(new IOException("reset"));
        await Sessions.EndOf(session);
        Assert.Equal(bytes, client.Taken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Queue_BlockedForItsLimit_EndsTheSessionAndNotBefore(bool takesAgain)
    {
        var time = new ManualTimeProvider();
        await using var sessions = new Sessions(gateway: StreamGatewayOptions.Default with { TimeProvider = time, TimerGranularity = TimeSpan.FromMilliseconds(1) });
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        client.TakesNothing();
        BridgeSession session = await sessions.StartAsync(client, backend);
        backend.Sends(new byte[10_000_000]);
        await StallAsync(session, backend);
        Assert.InRange(session.GetStatistics().QueuedBytes, 64 * 1024, 256 * 1024);

        time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromMilliseconds(1));
        await Task.Yield();
        Assert.Equal(BridgeState.Active, session.State);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await Wait.UntilAsync(() => backend.Disposals == 1 && time.ArmedTimers > 0, TestRun.Patience, "the backend is released");
        Assert.False(client.IsAborted);
        if (takesAgain)
        {
            client.TakesAgain();
        }
        else
        {
            await CloseTimesOutAsync(time, session);
        }

        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal((BridgeEnd.QueueBlocked, 1011), (result.End, result.CloseCode));
        Assert.Equal(ErrorKind.Timeout, Assert.IsType<StreamRuntimeException>(result.Errors[0]).Kind);
        Assert.Equal((!takesAgain, takesAgain ? 1011 : null), (client.IsAborted, client.CloseCode));
        sessions.Pools.AssertAllBack();
    }

    [Fact]
    public async Task Queue_BlockedWhilePaused_IsLeftAlone()
    {
        var time = new ManualTimeProvider();
        await using var sessions = new Sessions(gateway: StreamGatewayOptions.Default with { TimeProvider = time, TimerGranularity = TimeSpan.FromMilliseconds(1) });
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        client.TakesNothing();
        BridgeSession session = await sessions.StartAsync(client, backend);
        byte[] bytes = RandomNumberGenerator.GetBytes(1_000_000);
        backend.Sends(bytes);
        await StallAsync(session, backend);
        Assert.True(session.Pause());
        time.Advance(TimeSpan.FromHours(3));
        Assert.Equal(BridgeState.Active, session.State);
        Assert.True(session.Resume());
        client.TakesAgain();
        backend.Ends();
        Assert.Equal(BridgeEnd.BackendEnded, (await Sessions.EndOf(session)).End);
        Assert.Equal(bytes, client.Taken);
        Assert.Equal((1, TimeSpan.FromHours(3)), (session.GetStatistics().Pauses, session.GetStatistics().PausedTime));
    }

    [Fact]
    public async Task Pause_HoldsBothSides_AndResumeLosesNothing()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        await Wait.UntilAsync(() => backend.Receives == 1, TestRun.Patience, "a receive is under way");
        Assert.True(session.Pause());
        Assert.False(session.Pause());
        Assert.Equal((1, 0), (backend.Pauses, backend.Resumes));
        byte[] toClient = RandomNumberGenerator.GetBytes(100_000);
        byte[] toBackend = RandomNumberGenerator.GetBytes(500_000);
        backend.Sends(toClient);
        client.Says(toBackend);

        // Control messages are still answered.
        client.Says(ControlKind.Stats);
        BridgeSession other = await sessions.StartAsync(new MemoryClient(), new MemoryBackend { Echoes = true });
        await other.CloseAsync();
        Assert.Equal(1, backend.Receives);
        Assert.Empty(client.Taken);
        Assert.Empty(backend.Taken);
        Assert.Equal(0, client.Sends);

        Assert.True(session.Resume());
        Assert.False(session.Resume());
        Assert.Equal((1, 1), (backend.Pauses, backend.Resumes));
        await Wait.UntilAsync(() => backend.Taken.Length == toBackend.Length && client.Taken.Length == toClient.Length, TestRun.Patience, "all has arrived");
        Assert.Equal(toBackend, backend.Taken);
        Assert.Equal(toClient, client.Taken);
        await Wait.UntilAsync(() => client.Texts.Length == 1, TestRun.Patience, "the statistics have arrived");
    }

    [Fact]
    public async Task Pause_AskedForByTheClient_IsAnsweredAndEndedByIt()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        client.Says(ControlKind.Pause);
        await Wait.UntilAsync(() => client.Texts.Length == 1, TestRun.Patience, "the pause is answered");
        Assert.True(session.IsPaused);
        client.Says([1, 2, 3]);
        client.Says(ControlKind.Resume);
        await Wait.UntilAsync(() => client.Texts.Length == 2 && backend.Taken.Length == 3, TestRun.Patience, "the session goes on");
        Assert.Equal(["""{"type":"paused"}""", """{"type":"resumed"}"""], client.Texts);
    }

    [Fact]
    public async Task Close_WhilePaused_NeedsNoResume()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        Assert.True(session.Pause());
        backend.Sends([1]);
        client.Says([1]);
        await session.CloseAsync().WaitAsync(TestRun.Patience);
        Assert.False(session.Pause());
        Assert.False(session.IsPaused);
    }

    [Fact]
    public async Task Pause_OfTheClientItself_ThatHoldsAllThereMayBe_ClosesByPolicyAndNotBefore()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        client.Says(ControlKind.Pause);
        await Wait.UntilAsync(() => session.IsPaused, TestRun.Patience, "the session is paused");

        // Byte by byte, so that it is bytes and not messages that are limited.
        byte[] bytes = RandomNumberGenerator.GetBytes(20_000);
        foreach (byte one in bytes)
        {
            client.Says([one]);
        }

        client.Says(new byte[40_000]);
        client.Says(ControlKind.Resume);
        await Wait.UntilAsync(() => backend.Taken.Length == 60_000, TestRun.Patience, "all has arrived");
        Assert.Equal(bytes, backend.Taken[..20_000]);

        client.Says(ControlKind.Pause);
        client.Says(new byte[100_000]);
        client.Says(ControlKind.Resume);
        Assert.Equal((BridgeEnd.Policy, 1008), ((await Sessions.EndOf(session)).End, client.CloseCode));
    }

    [Fact]
    public async Task Pause_OfTheApplication_HoldsTheClientBack()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        var backend = new MemoryBackend();
        BridgeSession session = await sessions.StartAsync(client, backend);
        Assert.True(session.Pause());
        client.Says(new byte[1_000_000]);
        client.Says(ControlKind.Pause);
        Assert.Equal(0, client.Activities);
        Assert.True(session.Resume());
        Assert.Equal(1, client.Activities);
        await Wait.UntilAsync(() => session.IsPaused, TestRun.Patience, "the client's own word is read");
        Assert.InRange(backend.Taken.Length, 900_000, 1_000_000);
        Assert.True(session.Resume());
        await Wait.UntilAsync(() => backend.Taken.Length == 1_000_000, TestRun.Patience, "all has arrived");
    }

    [Fact]
    public async Task Unknown_ControlMessages_AreAnsweredUntilThereAreTooMany()
    {
        await using var sessions = new Sessions(gateway: StreamGatewayOptions.Default with { MaxInvalidMessages = 2 });
        var client = new MemoryClient();
        BridgeSession session = await sessions.StartAsync(client, new MemoryBackend());
        client.Says(ControlKind.Unknown);
        client.Says(ControlKind.Unknown);
        await Wait.UntilAsync(() => client.Texts.Length == 2, TestRun.Patience, "both are answered");
        client.Says(ControlKind.Unknown);
        Assert.Equal((BridgeEnd.Policy, 1008), ((await Sessions.EndOf(session)).End, client.CloseCode));
    }

    private static Task CloseTimesOutAsync(ManualTimeProvider time, BridgeSession session) => Wait.UntilAsync(
        () =>
        {
            time.Advance(StreamGatewayOptions.Default.CloseTimeout);
            return session.State == BridgeState.Closed;
        },
        TestRun.Patience,
        "the client is cut off");

    private static Task StallAsync(BridgeSession session, MemoryBackend backend)
    {
        int seen = -1;
        return Wait.UntilAsync(
            () =>
            {
                int before = seen;
                seen = backend.Receives;
                return seen == before && session.GetStatistics().QueuedMessages > 3;
            },
            TestRun.Patience,
            "the queue is full");
    }
}
