using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.AspNetCore.WebSockets;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Tests.WebSockets;

public sealed class ConnectionTimersTests
{
    private const long Second = 1_000_000_000;
    private static readonly StreamGatewayOptions Defaults = new();

    [Fact]
    public void Handshake_IsDueAtItsLimitAndNotBefore()
    {
        var timers = new ConnectionTimers(Defaults, 5 * Second);
        foreach (ConnectionState state in new[] { ConnectionState.Connecting, ConnectionState.Handshaking, ConnectionState.Authenticating })
        {
            Assert.Equal(15 * Second, timers.Next(5 * Second, state, mayBeIdle: true));
            Assert.Equal(TimerAction.None, timers.Step(15 * Second - 1, state, mayBeIdle: true));
            Assert.Equal(TimerAction.HandshakeExpired, timers.Step(15 * Second, state, mayBeIdle: true));
        }
    }

    [Fact]
    public void Ping_IsDueAtEveryInterval()
    {
        ConnectionTimers timers = Open(at: 0);
        Assert.Equal(15 * Second, timers.Next(0, ConnectionState.Open, mayBeIdle: true));
        Assert.Equal(TimerAction.None, timers.Step(15 * Second - 1, ConnectionState.Open, mayBeIdle: true));
        Assert.Equal(TimerAction.Ping, timers.Step(15 * Second, ConnectionState.Open, mayBeIdle: true));
        Assert.Equal(TimerAction.None, timers.Step(15 * Second, ConnectionState.Open, mayBeIdle: true));
        Assert.Equal(TimerAction.Ping, timers.Step(30 * Second, ConnectionState.Open, mayBeIdle: true));
    }

    [Fact]
    public void Ping_OfConnectionsOpenedInTheSameTenthOfASecond_IsDueTogether()
    {
        ConnectionTimers early = Open(at: 3 * Second);
        ConnectionTimers late = Open(at: 3 * Second + Second / 10 - 1);
        ConnectionTimers later = Open(at: 3 * Second + Second / 10);
        Assert.Equal(18 * Second, early.Next(4 * Second, ConnectionState.Open, mayBeIdle: true));
        Assert.Equal(18 * Second, late.Next(4 * Second, ConnectionState.Open, mayBeIdle: true));
        Assert.Equal(18 * Second + Second / 10, later.Next(4 * Second, ConnectionState.Open, mayBeIdle: true));
    }

    [Fact]
    public void Pong_IsMissedAtItsLimitUnlessOneCame()
    {
        ConnectionTimers timers = Open(at: 0);
        timers.Step(15 * Second, ConnectionState.Open, mayBeIdle: false);
        timers.PingAt(15 * Second);
        timers.Step(30 * Second, ConnectionState.Open, mayBeIdle: false);
        timers.PingAt(30 * Second);
        Assert.NotEqual(TimerAction.PongExpired, timers.Step(45 * Second - 1, ConnectionState.Open, mayBeIdle: false));
        Assert.Equal(TimerAction.PongExpired, timers.Step(45 * Second, ConnectionState.Open, mayBeIdle: false));
        timers.PongAt();
        Assert.NotEqual(TimerAction.PongExpired, timers.Step(1000 * Second, ConnectionState.Open, mayBeIdle: false));
    }

    [Fact]
    public void Pong_OfAPeerThatTakesWhatItHadNotTaken_GetsItsTimeAgain()
    {
        ConnectionTimers timers = Open(at: 0);
        timers.TakenAt(Second);
        timers.PingAt(15 * Second);
        timers.TakenAt(40 * Second);
        Assert.NotEqual(TimerAction.PongExpired, timers.Step(70 * Second - 1, ConnectionState.Open, mayBeIdle: false));
        Assert.Equal(TimerAction.PongExpired, timers.Step(70 * Second, ConnectionState.Open, mayBeIdle: false));
    }

    [Fact]
    public void Idle_IsDueAfterTheLastDataAndOnlyWhereItMayBe()
    {
        ConnectionTimers timers = Open(at: 0);
        timers.DataAt(10 * Second);
        Assert.NotEqual(TimerAction.IdleExpired, timers.Step(70 * Second - 1, ConnectionState.Open, mayBeIdle: true));
        Assert.NotEqual(TimerAction.IdleExpired, timers.Step(70 * Second, ConnectionState.Open, mayBeIdle: false));
        Assert.Equal(TimerAction.IdleExpired, timers.Step(70 * Second, ConnectionState.Open, mayBeIdle: true));
    }

    [Fact]
    public void Close_IsDueAfterTheFirstCloseFrame()
    {
        ConnectionTimers timers = Open(at: 0);
        Assert.Equal(TimerAction.None, timers.Step(1000 * Second, ConnectionState.Closing, mayBeIdle: true));
        timers.CloseAt(20 * Second);
        timers.CloseAt(24 * Second);
        Assert.Equal(25 * Second, timers.Next(20 * Second, ConnectionState.Closing, mayBeIdle: true));
        Assert.Equal(TimerAction.None, timers.Step(25 * Second - 1, ConnectionState.Closing, mayBeIdle: true));
        Assert.Equal(TimerAction.CloseExpired, timers.Step(25 * Second, ConnectionState.Closing, mayBeIdle: true));
    }

    [Fact]
    public void Next_WithEveryTimerInfinite_IsNever()
    {
        var timers = new ConnectionTimers(
            new StreamGatewayOptions
            {
                HandshakeTimeout = Timeout.InfiniteTimeSpan,
                IdleTimeout = Timeout.InfiniteTimeSpan,
                PingInterval = Timeout.InfiniteTimeSpan,
                PongTimeout = Timeout.InfiniteTimeSpan,
            },
            0);
        timers.OpenAt(0);
        Assert.Equal(MonotonicClock.Never, timers.Next(0, ConnectionState.Connecting, mayBeIdle: true));
        Assert.Equal(MonotonicClock.Never, timers.Next(0, ConnectionState.Open, mayBeIdle: true));
    }

    private static ConnectionTimers Open(long at)
    {
        var timers = new ConnectionTimers(Defaults, at);
        timers.OpenAt(at);
        return timers;
    }
}
