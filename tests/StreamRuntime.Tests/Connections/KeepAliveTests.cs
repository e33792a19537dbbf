using StreamRuntime.Connections;
using StreamRuntime.TestKit.Logging;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Timing;
using StreamRuntime.Timing;

namespace StreamRuntime.Tests.Connections;

public sealed class KeepAliveTests : IDisposable
{
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(5);
    private readonly ManualTimeProvider _time = new();
    private readonly WorkQueue _queue = new() { IsInline = true };
    private readonly RecordingLogger _logger = new();
    private readonly TimingWheel _wheel;
    private readonly List<(EvictionReason Reason, long At)> _evictions = [];

    public KeepAliveTests() => _wheel = new TimingWheel(_time, TimingWheel.SmallestGranularity, _queue.Add);

    private long Now => _wheel.Clock.Now;

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public void NewConnection_IsInUse_AndHasNoDeadline()
    {
        KeepAlive connection = New();
        Assert.Equal((KeepAliveState.Active, MonotonicClock.Never), (connection.State, connection.DeadlineAt));
        _time.Advance(TimeSpan.FromDays(10));
        Assert.False(connection.IsExpired(Now));
        Assert.Equal((0, 0), (_wheel.Count, _evictions.Count));
    }

    [Theory]
    [MemberData(nameof(KeepAliveCellTests.EveryPair), MemberType = typeof(KeepAliveCellTests))]
    public void TryMove_EveryPair_FollowsTheTable_AndIsCounted(KeepAliveState from, KeepAliveState to)
    {
        foreach (KeepAliveState actual in Enum.GetValues<KeepAliveState>())
        {
            KeepAlive connection = At(actual);
            KeepAliveStatistics before = connection.GetStatistics(Now);
            int logged = _logger.Messages.Count;
            bool moved = connection.TryMove(from, to, Now);
            KeepAliveStatistics after = connection.GetStatistics(Now);
            Assert.Equal(actual == from && KeepAliveCellTests.IsLegal(from, to), moved);
            Assert.Equal(moved ? to : actual, connection.State);
            Assert.Equal((moved ? 1 : 0, moved ? 0 : 1), (after.Accepted - before.Accepted, after.Refused - before.Refused));
            string[] expected = moved
                ? from == to ? [] : [$"Connection moved from {from} to {to}"]
                : [$"Connection not moved from {from} to {to}: refused, it is {actual}"];
            Assert.Equal(expected, _logger.Messages.Skip(logged));
        }
    }

    [Fact]
    public void GoingIdle_FixesTheDeadline_AndLookingNeverMovesIt()
    {
        KeepAlive connection = At(KeepAliveState.Idle);
        long deadline = MonotonicClock.After(0, IdleTimeout);
        for (int second = 0; second < 300; second++)
        {
            Assert.Equal((false, deadline), (connection.IsExpired(Now), connection.DeadlineAt));
            Assert.False(connection.TryMove(KeepAliveState.Idle, KeepAliveState.Idle, Now));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(connection.IsExpired(Now));
        Assert.Equal([(EvictionReason.IdleTimeout, deadline)], _evictions);
        Assert.Equal(KeepAliveState.Error, connection.State);
    }

    // The deadline that is worked out anew at every look, as one writes it first.
    [Fact]
    public void NaiveDeadline_IsNeverReached_WhereOursIs()
    {
        long timeout = MonotonicClock.After(0, IdleTimeout);
        bool IsNaivelyExpired(long now)
        {
            long deadline = now + timeout;
            return now >= deadline;
        }

        KeepAlive ours = At(KeepAliveState.Idle);
        int naiveExpiries = 0, ourExpiries = 0;
        for (int minute = 1; minute <= 60; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            naiveExpiries += IsNaivelyExpired(Now) ? 1 : 0;
            ourExpiries += ours.IsExpired(Now) ? 1 : 0;
        }

        Assert.Equal((0, 56), (naiveExpiries, ourExpiries));
        Assert.Single(_evictions);
    }

    [Fact]
    public void LeavingIdle_MakesTheDeadlineVoid()
    {
        KeepAlive connection = At(KeepAliveState.Idle);
        _time.Advance(IdleTimeout - TimeSpan.FromMilliseconds(1));
        Assert.True(connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, Now));
        Assert.Equal(MonotonicClock.Never, connection.DeadlineAt);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.False(connection.IsExpired(Now));
        Assert.Equal((KeepAliveState.Active, 0, 0, 0), (connection.State, _evictions.Count, _wheel.Count, _time.ArmedTimers));
    }

    [Fact]
    public void IdleAgain_HasItsWholeTimeout_WhateverTheWheelRemembers()
    {
        KeepAlive connection = At(KeepAliveState.Idle);
        for (int i = 0; i < 20; i++)
        {
            _time.Advance(IdleTimeout * 0.9);
            Assert.True(connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, Now));
            Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now));
        }

        long since = Now;
        _time.Advance(IdleTimeout - TimeSpan.FromMilliseconds(1));
        Assert.Empty(_evictions);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([(EvictionReason.IdleTimeout, MonotonicClock.After(since, IdleTimeout))], _evictions);
    }

    [Fact]
    public void IdleForEver_IsAllowed()
    {
        KeepAlive connection = New(Timeout.InfiniteTimeSpan);
        Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now));
        Assert.Equal((MonotonicClock.Never, 0), (connection.DeadlineAt, _wheel.Count));
        _time.Advance(TimeSpan.FromDays(1000));
        Assert.Equal((KeepAliveState.Idle, false), (connection.State, connection.IsExpired(Now)));
        Assert.True(connection.TryFail(Now));
        Assert.Single(_evictions);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300_000)]
    [InlineData(-1)]
    public void WriteFailure_EvictsAtOnce_WhateverTheIdleTimeout(int idleTimeoutMs)
    {
        foreach (bool isIdle in new[] { false, true })
        {
            _evictions.Clear();
            KeepAlive connection = New(TimeSpan.FromMilliseconds(idleTimeoutMs));
            Assert.True(!isIdle || connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now));
            _time.Advance(TimeSpan.FromTicks(1));
            long failedAt = Now;
            Assert.True(connection.TryFail(Now));
            Assert.Equal((KeepAliveState.Error, failedAt, true), (connection.State, connection.DeadlineAt, connection.IsExpired(Now)));
            Assert.Equal([(EvictionReason.Failure, failedAt)], _evictions);
            Assert.Equal(0, _wheel.Count);
        }
    }

    // Timeout drift: the writer fails, and whoever returns the connection a moment later must not make it look merely idle.
    [Fact]
    public void WriteFailure_BeforeTheReturn_StaysAnError()
    {
        KeepAlive connection = New();
        Assert.True(connection.TryFail(Now));
        Assert.False(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now));
        Assert.False(connection.TryMove(KeepAliveState.Error, KeepAliveState.Idle, Now));
        Assert.False(connection.TryFail(Now));
        Assert.Equal((KeepAliveState.Error, 1), (connection.State, _evictions.Count));
    }

    [Fact]
    public void Eviction_NotYetBegun_LosesToAReconnect()
    {
        _queue.IsInline = false;
        KeepAlive connection = New();
        connection.TryFail(Now);
        Assert.True(connection.TryMove(KeepAliveState.Error, KeepAliveState.Active, Now));
        _queue.RunAll();
        Assert.Empty(_evictions);
        connection.TryFail(Now);
        connection.TryMove(KeepAliveState.Error, KeepAliveState.Active, Now);
        connection.TryFail(Now);
        Assert.Equal(2, _queue.Count);
        _queue.RunAll();
        Assert.Single(_evictions);
    }

    [Fact]
    public void Reconnected_IsAsGoodAsNew()
    {
        KeepAlive connection = At(KeepAliveState.Error);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(connection.TryMove(KeepAliveState.Error, KeepAliveState.Active, Now));
        Assert.Equal((MonotonicClock.Never, false), (connection.DeadlineAt, connection.IsExpired(Now)));
        Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now));
        Assert.Equal(MonotonicClock.After(Now, IdleTimeout), connection.DeadlineAt);
    }

    [Fact]
    public void Statistics_AddUpTheTimeInEachState()
    {
        KeepAlive connection = New();
        _time.Advance(TimeSpan.FromSeconds(1));
        connection.TryMove(KeepAliveState.Active, KeepAliveState.Active, Now);
        _time.Advance(TimeSpan.FromSeconds(2));
        connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now);
        _time.Advance(TimeSpan.FromSeconds(4));
        connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now);
        Assert.Equal(new KeepAliveStatistics(2, 1, S(3), S(4), S(0)), connection.GetStatistics(Now));
        connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, Now);
        _time.Advance(TimeSpan.FromSeconds(8));
        connection.TryFail(Now);
        _time.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal(new KeepAliveStatistics(4, 1, S(11), S(4), S(16)), connection.GetStatistics(Now));
        connection.TryMove(KeepAliveState.Error, KeepAliveState.Active, Now);
        _time.Advance(TimeSpan.FromSeconds(32));
        Assert.Equal(new KeepAliveStatistics(5, 1, S(43), S(4), S(16)), connection.GetStatistics(Now));

        static TimeSpan S(int seconds) => TimeSpan.FromSeconds(seconds);
    }

    [Fact]
    public void ThousandsOfConnections_ShareOneTimer()
    {
        KeepAlive[] connections = [.. Enumerable.Range(0, 10_000).Select(_ => New())];
        foreach (KeepAlive connection in connections)
        {
            connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now);
            _time.Advance(TimeSpan.FromTicks(1));
        }

        Assert.Equal((10_000, 1), (_wheel.Count, _time.ArmedTimers));
        _time.Advance(IdleTimeout);
        Assert.Equal((10_000, 0), (_evictions.Count, _wheel.Count));
        Assert.All(_evictions, e => Assert.Equal(EvictionReason.IdleTimeout, e.Reason));
    }

    [Fact]
    public void LeaseAndReturn_AllocateNothing()
    {
        KeepAlive connection = new(_wheel, _ => { }, new KeepAliveOptions { IdleTimeout = IdleTimeout });
        Cycle();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Cycle();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Cycle()
        {
            for (int i = 0; i < 10_000; i++)
            {
                connection.TryMove(KeepAliveState.Active, KeepAliveState.Active, Now);
                connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now);
                connection.IsExpired(Now);
                connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, Now);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void IdleTimeout_OutOfRange_IsRefused(int ms) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => New(TimeSpan.FromMilliseconds(ms)));

    private KeepAlive New(TimeSpan? idleTimeout = null) => new(
        _wheel, reason => _evictions.Add((reason, Now)), new KeepAliveOptions { IdleTimeout = idleTimeout ?? IdleTimeout, Logger = _logger });

    private KeepAlive At(KeepAliveState state)
    {
        KeepAlive connection = New();
        Assert.True(state == KeepAliveState.Active || connection.TryMove(KeepAliveState.Active, state, Now));
        return connection;
    }
}
