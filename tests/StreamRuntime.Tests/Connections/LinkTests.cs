using StreamRuntime.Connections;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Logging;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Timing;
using StreamRuntime.Timing;

namespace StreamRuntime.Tests.Connections;

public sealed class LinkTests : IDisposable
{
    private static readonly LinkOptions Steady = LinkOptions.Default with { BackOffJitter = 0 };
    private readonly ManualTimeProvider _time = new();
    private readonly WorkQueue _queue = new() { IsInline = true };
    private readonly TimingWheel _wheel;
    private readonly Openings _openings = new();
    private readonly RecordingLogger _logger = new();

    public LinkTests() => _wheel = new TimingWheel(_time, TimingWheel.SmallestGranularity, _queue.Add);

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public async Task NewLink_IsNoLinkYet()
    {
        Link<string, FakeConnection> link = New();
        Assert.Equal((null, null), (link.State, link.Connection));
        Assert.False(await link.DisconnectAsync() || await link.ResetAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => link.GetConnectionAsync());
        Assert.Equal(new LinkStatistics(0, 2, 0, 0), link.GetStatistics());
        Assert.Equal(0, _wheel.Count);
    }

    [Fact]
    public async Task Connect_ThatSucceeds_HasAConnection()
    {
        Link<string, FakeConnection> link = New();
        Advance(5);
        Assert.True(link.TryConnect("a"));
        Assert.Equal(LinkState<string>.Connecting(Ms(5), "a", 1, 3), link.State);
        Assert.Equal(new LinkAttempt<string>("a", 1, 3), _openings.Last.Attempt);
        Task<FakeConnection> waiter = link.GetConnectionAsync();
        Assert.False(link.TryConnect("b"));
        Assert.False(waiter.IsCompleted);
        Advance(5);
        FakeConnection connection = _openings.Last.Succeed();
        Assert.Equal(LinkState<string>.Connected(Ms(10), "a"), link.State);
        Assert.Same(connection, link.Connection);
        Assert.Same(connection, await waiter.WaitAsync(TestRun.Patience));
        Assert.Same(connection, await link.GetConnectionAsync());
        Assert.False(link.TryConnect("b"));
        Assert.Equal((1, 0, 0), (_openings.All.Count, _wheel.Count, connection.Closes));

        // The connection may have kept the token.
        Advance(100_000);
        Assert.False(_openings.Last.Token.IsCancellationRequested);
        Assert.Equal(new LinkStatistics(2, 2, 1, 0), link.GetStatistics());
    }

    [Fact]
    public async Task Disconnect_ClosesTheConnection_AndConnectMakesANewOne()
    {
        Link<string, FakeConnection> link = Connected(out FakeConnection first);
        Assert.True(await link.DisconnectAsync());
        Assert.Equal((LinkState<string>.Disconnected(0), null, 1), (link.State, link.Connection, first.Closes));
        Assert.False(await link.DisconnectAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => link.GetConnectionAsync());
        Assert.True(link.TryConnect("b"));
        FakeConnection second = _openings.Last.Succeed();
        Assert.Same(second, await link.GetConnectionAsync());
        Assert.Equal((1, 0), (first.Closes, second.Closes));
    }

    [Fact]
    public async Task Failures_AreRetried_ExactlyUpToTheMaximum_WithTheBackOffInBetween()
    {
        Link<string, FakeConnection> link = New(Steady with { MaxAttempts = 4 });
        link.TryConnect("a");
        Task<FakeConnection> waiter = link.GetConnectionAsync();
        int[] waits = [100, 200, 400];
        for (int attempt = 1; attempt <= 4; attempt++)
        {
            Assert.Equal((attempt, attempt), (_openings.All.Count, _openings.Last.Attempt.Attempt));
            Exception error = _openings.Last.Fail();
            LinkState<string> state = link.State!;
            Assert.Equal((LinkStatus.ConnectionFailed, attempt, 4, attempt == 4), (state.Status, state.Attempt, state.MaxAttempts, state.IsPermanentFailure));
            Assert.Same(error, state.Error);
            if (attempt < 4)
            {
                Assert.Equal(1, _wheel.Count);
                Advance(waits[attempt - 1] - 1);
                Assert.Equal(attempt, _openings.All.Count);
                Advance(1);
            }
            else
            {
                Assert.Same(error, await Assert.ThrowsAsync<IOException>(() => waiter));
                Assert.Same(error, await Assert.ThrowsAsync<IOException>(() => link.GetConnectionAsync()));
            }
        }

        // Permanent: until somebody connects.
        _time.Advance(TimeSpan.FromDays(10));
        Assert.Equal((4, 0), (_openings.All.Count, _wheel.Count));
        Assert.True(link.TryConnect("b"));
        Assert.Equal(new LinkAttempt<string>("b", 1, 4), _openings.Last.Attempt);
        Assert.False(link.GetConnectionAsync().IsCompleted);
    }

    [Fact]
    public async Task FailureThatIsNotRetryable_IsPermanentAtOnce()
    {
        Link<string, FakeConnection> link = New(Steady with { IsRetryable = e => e is not IOException });
        link.TryConnect("a");
        Exception error = _openings.Last.Fail();
        Assert.Equal(LinkState<string>.ConnectionFailed(0, "a", error, 1, 1), link.State);
        Assert.Same(error, await Assert.ThrowsAsync<IOException>(() => link.GetConnectionAsync()));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Single(_openings.All);
    }

    [Fact]
    public void IsRetryable_ThatThrows_HasSaidYes()
    {
        Link<string, FakeConnection> link = New(Steady with { IsRetryable = _ => throw new FormatException() });
        link.TryConnect("a");
        _openings.Last.Fail();
        Assert.Equal((LinkStatus.ConnectionFailed, 3), (link.State!.Status, link.State.MaxAttempts));
        Assert.Contains(_logger.Messages, m => m.StartsWith("IsRetryable failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Attempt_ThatTakesTooLong_HasFailed_AndItsLateConnectionIsClosed()
    {
        Link<string, FakeConnection> link = New(Steady with { AttemptTimeout = TimeSpan.FromSeconds(2), MaxAttempts = 2 });
        link.TryConnect("a");
        Advance(1999);
        Assert.Equal((LinkStatus.Connecting, false), (link.State!.Status, _openings.All[0].Token.IsCancellationRequested));
        Advance(1);
        Assert.Equal((LinkStatus.ConnectionFailed, true), (link.State.Status, _openings.All[0].Token.IsCancellationRequested));
        Assert.Equal(ErrorKind.Timeout, Assert.IsType<StreamRuntimeException>(link.State.Error).Kind);
        Advance(100);
        Assert.Equal(2, _openings.All.Count);

        // The first one comes while the second is on its way: neither the result nor a failure of it.
        FakeConnection late = _openings.All[0].Succeed();
        Assert.Equal((1, LinkStatus.Connecting, 2), (late.Closes, link.State.Status, link.State.Attempt));
        FakeConnection connection = _openings.All[1].Succeed();
        Assert.Same(connection, await link.GetConnectionAsync());
        Assert.Equal((0, new LinkStatistics(4, 0, 2, 1)), (connection.Closes, link.GetStatistics()));
    }

    [Fact]
    public async Task LastAttempt_ThatTakesTooLong_FailsWithATimeout()
    {
        Link<string, FakeConnection> link = New(Steady with { MaxAttempts = 1 });
        link.TryConnect("a");
        Task<FakeConnection> waiter = link.GetConnectionAsync();
        Advance(10_000);
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => waiter);
        Assert.Equal((ErrorKind.Timeout, true), (error.Kind, error.IsTransient));
    }

    [Fact]
    public async Task Reset_WhileConnecting_AbandonsTheAttempt_WhateverItStillBrings()
    {
        Link<string, FakeConnection> link = New();
        link.TryConnect("a");
        Task<FakeConnection> waiter = link.GetConnectionAsync();
        Assert.True(await link.ResetAsync());
        Assert.Equal((LinkState<string>.Disconnected(0), true, 0), (link.State, _openings.Last.Token.IsCancellationRequested, _wheel.Count));
        Assert.Equal(ErrorKind.ConnectFailed, (await Assert.ThrowsAsync<StreamRuntimeException>(() => waiter)).Kind);
        link.TryConnect("b");
        FakeConnection late = _openings.All[0].Succeed();
        Assert.Equal((1, LinkState<string>.Connecting(0, "b", 1, 3)), (late.Closes, link.State));
        Assert.Same(_openings.All[1].Succeed(), await link.GetConnectionAsync());
    }

    [Fact]
    public async Task LateFailure_OfAnAbandonedAttempt_DoesNotFailTheNext()
    {
        Link<string, FakeConnection> link = New();
        link.TryConnect("a");
        await link.ResetAsync();
        link.TryConnect("b");
        _openings.All[0].Fail();
        Assert.Equal((LinkState<string>.Connecting(0, "b", 1, 3), 1), (link.State, link.GetStatistics().LateResults));
    }

    [Fact]
    public async Task Reset_DuringABackOff_LetsNoRetryFollow()
    {
        Link<string, FakeConnection> link = New(Steady);
        link.TryConnect("a");
        _openings.Last.Fail();
        Advance(50);
        Assert.True(await link.ResetAsync());
        Assert.Equal((LinkState<string>.Disconnected(Ms(50)), 0), (link.State, _wheel.Count));

        // Nor may the old wait shorten that of a new failure.
        link.TryConnect("b");
        _openings.Last.Fail();
        Advance(99);
        Assert.Equal(2, _openings.All.Count);
        Advance(1);
        Assert.Equal(new LinkAttempt<string>("b", 2, 3), _openings.Last.Attempt);
    }

    [Fact]
    public async Task Reset_WhenConnected_ClosesTheConnection()
    {
        Link<string, FakeConnection> link = Connected(out FakeConnection connection);
        Assert.True(await link.ResetAsync());
        Assert.True(await link.ResetAsync());
        Assert.Equal((1, LinkStatus.Disconnected, null), (connection.Closes, link.State!.Status, link.Connection));
    }

    [Fact]
    public async Task Reset_OfAPermanentFailure_ForgetsIt()
    {
        Link<string, FakeConnection> link = New(Steady with { MaxAttempts = 1 });
        link.TryConnect("a");
        _openings.Last.Fail();
        Assert.True(await link.ResetAsync());
        Assert.Null(link.State!.Error);
        await Assert.ThrowsAsync<InvalidOperationException>(() => link.GetConnectionAsync());
    }

    [Fact]
    public async Task Connect_DuringABackOff_StartsAnew_AndWaitersGoOnWaiting()
    {
        Link<string, FakeConnection> link = New(Steady);
        link.TryConnect("a");
        Task<FakeConnection> waiter = link.GetConnectionAsync();
        _openings.Last.Fail();
        Assert.True(link.TryConnect("b"));
        Assert.Equal((LinkState<string>.Connecting(0, "b", 1, 3), 1), (link.State, _wheel.Count));
        Advance(100);
        Assert.Equal(2, _openings.All.Count);
        Assert.Same(_openings.Last.Succeed(), await waiter.WaitAsync(TestRun.Patience));
    }

    [Fact]
    public async Task Waiter_ThatIsCancelled_LeavesTheAttemptAlone()
    {
        Link<string, FakeConnection> link = New();
        link.TryConnect("a");
        using var cancel = new CancellationTokenSource();
        Task<FakeConnection> waiter = link.GetConnectionAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter);
        Assert.Equal((LinkStatus.Connecting, false), (link.State!.Status, _openings.Last.Token.IsCancellationRequested));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Dispose_InAnyState_GivesEverythingUp(int stage)
    {
        Link<string, FakeConnection> link = New(Steady);
        FakeConnection? connection = null;
        Task<FakeConnection>? waiter = null;
        if (stage > 0)
        {
            link.TryConnect("a");
            waiter = link.GetConnectionAsync();
            connection = stage == 2 ? _openings.Last.Succeed() : null;
            _ = stage == 3 ? _openings.Last.Fail() : null;
        }

        await link.DisposeAsync();
        await link.DisposeAsync();
        Assert.Equal((stage == 0 ? null : LinkStatus.Disconnected, null, 0), (link.State?.Status, link.Connection, _wheel.Count));
        Assert.False(link.TryConnect("b") || await link.ResetAsync() || await link.DisconnectAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => link.GetConnectionAsync());
        Assert.True(connection is null || connection.Closes == 1);
        if (stage is 1 or 3)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => waiter!);
        }

        if (stage == 1)
        {
            Assert.True(_openings.Last.Token.IsCancellationRequested);
            Assert.Equal(1, _openings.Last.Succeed().Closes);
        }

        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(stage == 0 ? 0 : 1, _openings.All.Count);
    }

    // An attempt is queued before it is begun; whatever comes in between, it is then not begun at all.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AttemptNotYetBegun_IsNeverBegun_AfterResetOrDispose(bool dispose)
    {
        _queue.IsInline = false;
        Link<string, FakeConnection> link = New();
        link.TryConnect("a");
        if (dispose)
        {
            await link.DisposeAsync();
        }
        else
        {
            await link.ResetAsync();
        }

        _queue.RunAll();
        Assert.Empty(_openings.All);
        Assert.Equal(0, link.GetStatistics().Attempts);
    }

    // A callback of the wheel that was queued when its time came, and is run when it no longer counts.
    [Fact]
    public async Task StaleWakeUps_ChangeNothing()
    {
        Link<string, FakeConnection> link = New(Steady);
        link.TryConnect("a");
        _queue.IsInline = false;
        Advance(10_000);
        Assert.Equal(1, _queue.Count);
        FakeConnection connection = _openings.Last.Succeed();
        _queue.RunAll();
        Assert.Same(connection, link.Connection);
        await link.DisconnectAsync();
        link.TryConnect("b");
        _queue.RunAll();
        _openings.Last.Fail();
        Advance(100);
        await link.ResetAsync();
        _queue.RunAll();
        Assert.Equal((2, LinkStatus.Disconnected), (_openings.All.Count, link.State!.Status));
    }

    [Fact]
    public void OpenerThatThrows_OrOpensNothing_HasFailed()
    {
        var link = new Link<string, FakeConnection>((_, _) => throw new FormatException(), _wheel, Steady);
        link.TryConnect("a");
        Assert.IsType<FormatException>(link.State!.Error);
        link = new Link<string, FakeConnection>((_, _) => new ValueTask<FakeConnection>((FakeConnection)null!), _wheel, Steady);
        link.TryConnect("a");
        Assert.IsType<InvalidOperationException>(link.State!.Error);
    }

    [Fact]
    public async Task ErrorsOfClosing_ReachWhoeverCloses_AndTheLogOtherwise()
    {
        var broken = new FakeConnection { FailsToClose = new IOException("broken") };
        Link<string, FakeConnection> link = New();
        link.TryConnect("a");
        _openings.Last.Succeed(broken);
        await Assert.ThrowsAsync<IOException>(() => link.DisconnectAsync().AsTask());
        Assert.Equal(LinkStatus.Disconnected, link.State!.Status);
        link.TryConnect("a");
        await link.ResetAsync();
        _openings.Last.Succeed(broken);
        Assert.Equal(2, broken.Closes);
        Assert.Contains(_logger.Messages, m => m == "A connection to a that came too late failed to close");
    }

    [Fact]
    public async Task CancellationCallback_ThatThrows_HoldsUpNobody_AndIsLogged()
    {
        Link<string, FakeConnection> link = New();
        link.TryConnect("a");
        _openings.Last.Token.Register(() => throw new FormatException());
        Assert.True(await link.ResetAsync());
        await Wait.UntilAsync(
            () => _logger.Messages.Contains("The cancellation of an attempt to connect to a failed"), TestRun.Patience, "the failure is logged");
    }

    [Fact]
    public async Task Log_TellsOfTransitionsAndRefusals()
    {
        Link<string, FakeConnection> link = New(Steady with { MaxAttempts = 2 });
        await link.DisconnectAsync();
        link.TryConnect("a");
        _openings.Last.Fail();
        Advance(100);
        link.TryConnect("a");
        _openings.Last.Fail();
        Assert.Equal(
            [
                "Link not moved by Disconnect: refused, it is (null)",
                "Link moved by Connect from (null) to Connecting",
                "Link moved by ConnectionFailed from Connecting to ConnectionFailed",
                "Attempt 1 of 2 to connect to a failed; the next follows after 100 ms",
                "Link moved by Retry from ConnectionFailed to Connecting",
                "Link not moved by Connect: refused, it is Connecting",
                "Link moved by ConnectionFailed from Connecting to ConnectionFailed",
                "Attempt 2 of 2 to connect to a failed; no other follows",
            ],
            _logger.Messages);
    }

    [Theory]
    [InlineData(0, 10_000, 100, 2000, 0.5)]
    [InlineData(1001, 10_000, 100, 2000, 0.5)]
    [InlineData(3, 0, 100, 2000, 0.5)]
    [InlineData(3, -2, 100, 2000, 0.5)]
    [InlineData(3, 10_000, -1, 2000, 0.5)]
    [InlineData(3, 10_000, 100, 99, 0.5)]
    [InlineData(3, 10_000, 100, 86_400_001, 0.5)]
    [InlineData(3, 10_000, 100, 2000, -0.1)]
    [InlineData(3, 10_000, 100, 2000, 1.1)]
    [InlineData(3, 10_000, 100, 2000, double.NaN)]
    public void Options_OutOfRange_AreRefused(int maxAttempts, int timeoutMs, int firstMs, int longestMs, double jitter) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => New(new LinkOptions
        {
            MaxAttempts = maxAttempts,
            AttemptTimeout = TimeSpan.FromMilliseconds(timeoutMs),
            FirstBackOff = TimeSpan.FromMilliseconds(firstMs),
            LongestBackOff = TimeSpan.FromMilliseconds(longestMs),
            BackOffJitter = jitter,
        }));

    private static long Ms(long ms) => ms * 1_000_000;

    private void Advance(int ms) => _time.Advance(TimeSpan.FromMilliseconds(ms));

    private Link<string, FakeConnection> New(LinkOptions? options = null) =>
        new(_openings.OpenAsync, _wheel, (options ?? LinkOptions.Default) with { Logger = _logger });

    private Link<string, FakeConnection> Connected(out FakeConnection connection)
    {
        Link<string, FakeConnection> link = New();
        link.TryConnect("a");
        connection = _openings.Last.Succeed();
        return link;
    }
}
