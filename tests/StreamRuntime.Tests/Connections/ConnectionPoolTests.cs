using Microsoft.Extensions.Logging;
using StreamRuntime.Connections;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Tests.Connections;

public sealed class ConnectionPoolTests
{
    private readonly FakeServer _server = new();
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Lease_TakesTheOneThatWasReturnedLast()
    {
        await using ConnectionPool<PooledFake> pool = Pool();
        PoolLease<PooledFake> first = await LeaseAsync(pool);
        PoolLease<PooledFake> second = await LeaseAsync(pool);
        await first.ReturnAsync(isClean: true);
        await second.ReturnAsync(isClean: true);
        Assert.Equal(2, pool.GetStatistics().Idle);

        PoolLease<PooledFake> again = await LeaseAsync(pool);

        Assert.Equal(2, again.Connection.Number);
        Assert.True(again.IsReused);
        Assert.False(first.Equals(default(PoolLease<PooledFake>)));
        Assert.Equal(2, _server.Opened);
        await again.ReturnAsync(isClean: true);
    }

    [Fact]
    public async Task Return_SecondTime_ChangesNothing()
    {
        await using ConnectionPool<PooledFake> pool = Pool();
        PoolLease<PooledFake> lease = await LeaseAsync(pool);
        await lease.ReturnAsync(isClean: true);
        PoolLease<PooledFake> next = await LeaseAsync(pool);

        // The old lease has nothing to say about the connection's next use.
        await lease.ReturnAsync(isClean: false);

        Assert.Throws<InvalidOperationException>(() => lease.Connection);
        Assert.False(next.Connection.IsClosed);
        Assert.Equal(1, pool.GetStatistics().Leased);
        await next.ReturnAsync(isClean: true);
        Assert.Equal(1, pool.GetStatistics().Idle);
    }

    [Fact]
    public async Task Waiters_AreServedInOrder_AndAllOfThem()
    {
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { MaxSize = 2 });
        PoolLease<PooledFake> a = await LeaseAsync(pool);
        PoolLease<PooledFake> b = await LeaseAsync(pool);
        List<Task<PoolLease<PooledFake>>> waiters = [.. Enumerable.Range(0, 5).Select(_ => pool.LeaseAsync().AsTask())];
        Assert.Equal(5, pool.GetStatistics().Waiting);
        Assert.All(waiters, w => Assert.False(w.IsCompleted));

        PoolLease<PooledFake> held = a;
        for (int i = 0; i < waiters.Count; i++)
        {
            await held.ReturnAsync(isClean: i % 2 == 0);
            held = await waiters[i].WaitAsync(TestRun.Patience);
            Assert.All(waiters.Skip(i + 1), w => Assert.False(w.IsCompleted));
        }

        await held.ReturnAsync(isClean: true);
        await b.ReturnAsync(isClean: true);
        Assert.Equal(2, _server.MostOpen);
        Assert.Equal(2, pool.GetStatistics().Total);
    }

    [Fact]
    public async Task Lease_ThatWaitsTooLong_IsATimeoutThatSaysWhy()
    {
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { MaxSize = 1, LeaseTimeout = TimeSpan.FromSeconds(3) });
        PoolLease<PooledFake> held = await LeaseAsync(pool);
        Task<PoolLease<PooledFake>> waiting = pool.LeaseAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));

        var late = await Assert.ThrowsAsync<StreamRuntimeException>(() => waiting.WaitAsync(TestRun.Patience));

        Assert.Equal(ErrorKind.Timeout, late.Kind);
        Assert.True(late.IsTransient);
        Assert.Contains("of at most 1, 1 are in use", late.Message, StringComparison.Ordinal);
        await held.ReturnAsync(isClean: true);
        Assert.Equal((1, 0, 1L), (pool.GetStatistics().Idle, pool.GetStatistics().Waiting, pool.GetStatistics().Timeouts));
    }

    [Fact]
    public async Task Lease_ThatIsCancelled_LeavesTheConnectionForTheNext()
    {
        var opening = new TaskCompletionSource();
        _server.Before = _ => opening.Task;
        await using ConnectionPool<PooledFake> pool = Pool();
        using var cancellation = new CancellationTokenSource();
        Task<PoolLease<PooledFake>> waiting = pool.LeaseAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TestRun.Patience));
        Assert.Equal(1, pool.GetStatistics().Opening);

        opening.SetResult();
        await Wait.UntilAsync(() => pool.GetStatistics().Idle == 1, TestRun.Patience, "the opened connection is kept");
        await (await LeaseAsync(pool)).ReturnAsync(isClean: true);
        Assert.Equal(1, _server.Opened);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pool.LeaseAsync(new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task OpeningThatFails_IsTheAnswerOfOneLease_AndOthersGetTheirs()
    {
        int attempts = 0;
        _server.Before = _ => Interlocked.Increment(ref attempts) == 1 ? Task.FromException(new IOException("no")) : Task.CompletedTask;
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { MaxSize = 1 });
        Task<PoolLease<PooledFake>> first = pool.LeaseAsync().AsTask();
        Task<PoolLease<PooledFake>> second = pool.LeaseAsync().AsTask();

        await Assert.ThrowsAsync<IOException>(() => first.WaitAsync(TestRun.Patience));
        await (await second.WaitAsync(TestRun.Patience)).ReturnAsync(isClean: true);
        Assert.Equal((1L, 1L), (pool.GetStatistics().OpenFailures, pool.GetStatistics().Opened));
    }

    [Fact]
    public async Task Idle_IsClosedAfterItsTime_DownToTheMinimum()
    {
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { MinSize = 1, IdleTimeout = TimeSpan.FromMinutes(1), MaxLifetime = Timeout.InfiniteTimeSpan });
        PoolLease<PooledFake>[] leases = [await LeaseAsync(pool), await LeaseAsync(pool), await LeaseAsync(pool)];
        foreach (PoolLease<PooledFake> lease in leases)
        {
            await lease.ReturnAsync(isClean: true);
        }

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(3, pool.GetStatistics().Idle);
        _time.Advance(TimeSpan.FromSeconds(2));

        await Wait.UntilAsync(() => pool.GetStatistics() is { Idle: 1, Total: 1, Expired: >= 2 }, TestRun.Patience, "one is left");
        Assert.Equal(1, _server.Open);
    }

    [Fact]
    public async Task Leased_IsNotClosedHoweverLongItTakes_AndItsIdlenessBeginsAnew()
    {
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { IdleTimeout = TimeSpan.FromMinutes(1), MaxLifetime = Timeout.InfiniteTimeSpan });
        await (await LeaseAsync(pool)).ReturnAsync(isClean: true);
        _time.Advance(TimeSpan.FromSeconds(50));
        PoolLease<PooledFake> lease = await LeaseAsync(pool);
        _time.Advance(TimeSpan.FromMinutes(10));
        await lease.ReturnAsync(isClean: true);
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(1, pool.GetStatistics().Idle);
        _time.Advance(TimeSpan.FromSeconds(20));
        await Wait.UntilAsync(() => _server.Open == 0, TestRun.Patience, "it is closed");
    }

    [Fact]
    public async Task Old_IsClosedWhenItIsReturned()
    {
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { MaxLifetime = TimeSpan.FromMinutes(10), IdleTimeout = Timeout.InfiniteTimeSpan });
        PoolLease<PooledFake> used = await LeaseAsync(pool);
        await (await LeaseAsync(pool)).ReturnAsync(isClean: true);
        _time.Advance(TimeSpan.FromMinutes(8.9));
        Assert.Equal(2, _server.Open);
        _time.Advance(TimeSpan.FromMinutes(1.2));
        await Wait.UntilAsync(() => _server.Open == 1, TestRun.Patience, "the idle one is closed");
        await Wait.UntilAsync(
            () =>
            {
                // Its age is told by the thread pool.
                return pool.GetStatistics() is { Idle: 0, Leased: 1 };
            },
            TestRun.Patience,
            "the other is in use");

        await used.ReturnAsync(isClean: true);
        await Wait.UntilAsync(() => _server.Open == 0, TestRun.Patience, "the used one is closed");
    }

    [Fact]
    public async Task BrokenIdle_IsReplaced_AndTheCallerDoesNotNotice()
    {
        await using ConnectionPool<PooledFake> pool = Pool();
        PoolLease<PooledFake> lease = await LeaseAsync(pool);
        PooledFake connection = lease.Connection;
        await lease.ReturnAsync(isClean: true);
        connection.IsBroken = true;
        _time.Advance(TimeSpan.FromSeconds(1));

        PoolLease<PooledFake> other = await LeaseAsync(pool);

        Assert.Equal(2, other.Connection.Number);
        Assert.False(other.IsReused);
        await other.ReturnAsync(isClean: true);
        await Wait.UntilAsync(() => connection.IsClosed, TestRun.Patience, "the broken one is closed");
        Assert.Equal(1L, pool.GetStatistics().Broken);
    }

    [Fact]
    public async Task Dispose_ClosesIdleAtOnce_LeasedAtItsReturn_AndFailsWaiters()
    {
        ConnectionPool<PooledFake> pool = Pool(o => o with { MaxSize = 2 });
        PoolLease<PooledFake> used = await LeaseAsync(pool);
        await (await LeaseAsync(pool)).ReturnAsync(isClean: true);
        PoolLease<PooledFake> again = await LeaseAsync(pool);
        Task<PoolLease<PooledFake>> waiting = pool.LeaseAsync().AsTask();
        await again.ReturnAsync(isClean: true);
        await (await waiting).ReturnAsync(isClean: true);

        await pool.DisposeAsync().AsTask().WaitAsync(TestRun.Patience);
        await pool.DisposeAsync();

        Assert.Equal(1, _server.Open);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pool.LeaseAsync());
        await used.ReturnAsync(isClean: true);
        Assert.Equal(0, _server.Open);

        // Nothing was idle or old for too long.
        Assert.Equal((0L, 0L), (pool.GetStatistics().Expired, pool.GetStatistics().Broken));
    }

    [Fact]
    public async Task Dispose_WhileOneIsOpened_StopsThat()
    {
        _server.Before = token => Task.Delay(Timeout.Infinite, token);
        ConnectionPool<PooledFake> pool = Pool();
        Task<PoolLease<PooledFake>> waiting = pool.LeaseAsync().AsTask();

        await pool.DisposeAsync().AsTask().WaitAsync(TestRun.Patience);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(TestRun.Patience));
        Assert.Equal(0, pool.GetStatistics().Total);
    }

    [Fact]
    public async Task Dispose_OpenerThatThrowsWhenItIsCancelled_ClosesTheIdleAllTheSame()
    {
        var registered = new TaskCompletionSource();
        var opening = new TaskCompletionSource();
        ConnectionPool<PooledFake> pool = Pool(o => o with { MaxSize = 2 });
        PoolLease<PooledFake> first = await LeaseAsync(pool);
        _server.Before = token =>
        {
            token.Register(() => throw new InvalidOperationException("scripted"));
            registered.SetResult();
            return opening.Task;
        };
        Task<PoolLease<PooledFake>> waiting = pool.LeaseAsync().AsTask();
        await Wait.UntilAsync(() => registered.Task.IsCompleted, TestRun.Patience, "one is being opened");
        await first.ReturnAsync(isClean: true);
        await (await waiting.WaitAsync(TestRun.Patience)).ReturnAsync(isClean: true);
        Assert.Equal(1, _server.Open);

        Task disposal = pool.DisposeAsync().AsTask();
        opening.SetResult();
        await disposal.WaitAsync(TestRun.Patience);

        Assert.Equal(0, _server.Open);
        Assert.Equal(0, pool.GetStatistics().Total);
    }

    [Fact]
    public async Task Logger_ThatWaitsForSomebodyWhoNeedsThePool_StopsNobody()
    {
        var logger = new WaitingLogger();
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { Logger = logger });
        logger.Act = _ => Assert.True(Task.Run(pool.GetStatistics).Wait(TestRun.Patience), "the pool's lock was held while its logger ran");
        PoolLease<PooledFake> lease = await LeaseAsync(pool);
        await lease.ReturnAsync(isClean: true);
        await (await LeaseAsync(pool)).ReturnAsync(isClean: false);
        await Wait.UntilAsync(() => logger.Count >= 4, TestRun.Patience, "all is logged");
    }

    [Fact]
    public async Task Logger_ThatThrowsWhenOneWasOpenedOrNot_CostsNeitherConnectionNorAnswer()
    {
        var logger = new WaitingLogger { Act = static id => { if (id.Id is 60 or 61) { throw new InvalidOperationException("The disk is full."); } } };
        await using ConnectionPool<PooledFake> pool = Pool(o => o with { Logger = logger, MaxSize = 1 });
        await (await LeaseAsync(pool)).ReturnAsync(isClean: false);
        _server.Before = _ => throw new IOException("refused");
        await Assert.ThrowsAsync<IOException>(() => LeaseAsync(pool));
        _server.Before = null;
        await (await LeaseAsync(pool)).ReturnAsync(isClean: true);
        Assert.Equal((0, 1), (pool.GetStatistics().Leased, pool.GetStatistics().Idle));
    }

    [Fact]
    public async Task LeaseAndReturn_OfAnIdleConnection_AllocateNothing()
    {
        await using ConnectionPool<PooledFake> pool = Pool();
        await (await LeaseAsync(pool)).ReturnAsync(isClean: true);
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10_000; i++)
            {
                ValueTask<PoolLease<PooledFake>> lease = pool.LeaseAsync();
                Assert.True(lease.IsCompletedSuccessfully);
                ValueTask returned = (await lease).ReturnAsync(isClean: true);
                Assert.True(returned.IsCompletedSuccessfully);
                await returned;
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(least, 0, 1_000);
    }

    [Theory]
    [InlineData(0, 100, 0)]
    [InlineData(5, 4, 0)]
    [InlineData(1, 100, -1)]
    public void Options_OutOfRange_AreRefused(int maxSize, int minSize, int seconds)
    {
        var options = new ConnectionPoolOptions { MaxSize = maxSize, MinSize = minSize == 4 ? 6 : 0, LeaseTimeout = TimeSpan.FromSeconds(seconds == 0 ? 1 : seconds * 2) };
        Assert.Equal(ErrorKind.Configuration, Assert.Throws<StreamRuntimeException>(options.Validate).Kind);
    }

    private static Task<PoolLease<PooledFake>> LeaseAsync(ConnectionPool<PooledFake> pool) => pool.LeaseAsync().AsTask().WaitAsync(TestRun.Patience);

    private ConnectionPool<PooledFake> Pool(Func<ConnectionPoolOptions, ConnectionPoolOptions>? with = null)
    {
        var options = new ConnectionPoolOptions { TimeProvider = _time };
        return new ConnectionPool<PooledFake>(_server.OpenAsync, with?.Invoke(options) ?? options);
    }

    private sealed class WaitingLogger : ILogger
    {
        private int _count;

        public Action<EventId> Act { get; set; } = static _ => { };

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Act(eventId);
            Interlocked.Increment(ref _count);
        }
    }
}
