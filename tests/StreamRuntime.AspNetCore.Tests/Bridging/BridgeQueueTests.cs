using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

public sealed class BridgeQueueTests : IDisposable
{
    private const int MaxBytes = 64 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OneMs = TimeSpan.FromMilliseconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly CountingPools _pools = new();
    private readonly TimingWheel _wheel;
    private readonly BridgeQueue _queue;

    public BridgeQueueTests()
    {
        _wheel = new TimingWheel(_time);
        _queue = new BridgeQueue(_pools.Pools, MaxBytes, _wheel, Limit);
    }

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public async Task Write_WithoutRoom_FailsAtItsLimitAndNotBefore()
    {
        Task blocked = await FillAsync();
        _time.Advance(Limit - OneMs);
        AssertWaits(blocked);
        _time.Advance(OneMs);
        var failure = await Assert.ThrowsAsync<StreamRuntimeException>(() => blocked.WaitAsync(TestRun.Patience));
        Assert.Equal(ErrorKind.Timeout, failure.Kind);
        Assert.Contains("BlockedWriteTimeout", failure.Message, StringComparison.Ordinal);

        _queue.Close();
        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Write_ThatGetsRoomJustBeforeItsLimit_Succeeds()
    {
        Task blocked = await FillAsync();
        _time.Advance(Limit - OneMs);
        Assert.True(_queue.TryRead(out BridgeMessage? message));
        _queue.Release(message);
        await blocked.WaitAsync(TestRun.Patience);

        // The clock of a later write starts anew.
        Task next = _queue.WriteAsync(_pools.Pools.Rent(ReceiveSize.Largest)).AsTask();
        _time.Advance(Limit - OneMs);
        AssertWaits(next);
        _time.Advance(OneMs);
        await Assert.ThrowsAsync<StreamRuntimeException>(() => next.WaitAsync(TestRun.Patience));
        _queue.Close();
        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Write_BlockedWhileSuspended_HasNoLimit()
    {
        Task blocked = await FillAsync();
        _time.Advance(Limit - OneMs);
        _queue.Suspend(true);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(blocked.IsCompleted);

        _queue.Suspend(false);
        _time.Advance(Limit - OneMs);
        AssertWaits(blocked);
        _time.Advance(OneMs);
        await Assert.ThrowsAsync<StreamRuntimeException>(() => blocked.WaitAsync(TestRun.Patience));
        _queue.Close();
        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Write_ToAClosedQueue_FailsAtOnce()
    {
        Task blocked = await FillAsync();
        _queue.Close();
        Assert.Equal(ErrorKind.StreamEnded, (await Assert.ThrowsAsync<StreamRuntimeException>(() => blocked)).Kind);
        Task late = _queue.WriteAsync(_pools.Pools.Rent(1)).AsTask();
        Assert.True(late.IsFaulted);
        Assert.Equal(ErrorKind.StreamEnded, (await Assert.ThrowsAsync<StreamRuntimeException>(() => late)).Kind);
        Assert.False(_queue.TryWriteText(_pools.Pools.Rent(1)));
        Assert.False(await _queue.WaitToReadAsync());
        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Close_WithAMessageAtItsReader_LeavesThatToItsRelease()
    {
        await _queue.WriteAsync(_pools.Pools.Rent(1));
        Assert.True(_queue.TryRead(out BridgeMessage? message));
        _queue.Close();
        Assert.Equal(1, _pools.ArraysOut);
        _queue.Release(message);
        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Complete_WithMessagesLeft_WaitsAndCountsItsLimitFromEachRelease()
    {
        await _queue.WriteAsync(_pools.Pools.Rent(1));
        await _queue.WriteAsync(_pools.Pools.Rent(1));
        Task empty = _queue.CompleteAsync().AsTask();
        for (int left = 2; left > 0; left--)
        {
            _time.Advance(Limit - OneMs);
            AssertWaits(empty);
            Assert.True(_queue.TryRead(out BridgeMessage? message));
            _queue.Release(message);
        }

        await empty.WaitAsync(TestRun.Patience);
        Assert.False(await _queue.WaitToReadAsync());
        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Complete_WhoseReaderStops_FailsAtTheLimit()
    {
        await _queue.WriteAsync(_pools.Pools.Rent(1));
        Task empty = _queue.CompleteAsync().AsTask();
        _time.Advance(Limit);
        Assert.Equal(ErrorKind.Timeout, (await Assert.ThrowsAsync<StreamRuntimeException>(() => empty.WaitAsync(TestRun.Patience))).Kind);
        _queue.Close();
        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Bytes_OfAFullQueueWithAWaitingWrite_StayInTheBound()
    {
        Task blocked = await FillAsync();
        Assert.InRange(_queue.Bytes, MaxBytes - ReceiveSize.Largest, MaxBytes);
        _queue.Close();
        Assert.Equal(0, _queue.Bytes);
        await Assert.ThrowsAsync<StreamRuntimeException>(() => blocked);
    }

    [Fact]
    public async Task Text_InTheMiddleOfAMessage_WaitsForItsEnd()
    {
        await _queue.WriteAsync(Message(1, endsMessage: false));
        Assert.True(_queue.TryRead(out BridgeMessage? first));
        BridgeMessage text = _pools.Pools.Rent(1);
        Assert.True(_queue.TryWriteText(text));
        Assert.False(_queue.TryRead(out _));
        await _queue.WriteAsync(Message(2, endsMessage: true));
        await _queue.WriteAsync(Message(3, endsMessage: true));

        Assert.True(_queue.TryRead(out BridgeMessage? second));
        Assert.Equal(2, second.Length);
        Assert.True(_queue.TryRead(out BridgeMessage? third));
        Assert.Same(text, third);
        Assert.True(third.IsText);
        Assert.True(_queue.TryRead(out BridgeMessage? fourth));
        Assert.Equal(3, fourth.Length);
        foreach (BridgeMessage message in new[] { first, second, third, fourth })
        {
            _queue.Release(message);
        }

        _pools.AssertAllBack();
    }

    [Fact]
    public async Task Everything_MovedBetweenTwoThreads_ComesInOrder()
    {
        int seed = Random.Shared.Next();
        int count = TestRun.IsFull ? 2_000_000 : 50_000;
        Task writing = Task.Run(async () =>
        {
            var random = new Random(seed);
            for (int i = 1; i <= count; i++)
            {
                BridgeMessage message = _pools.Pools.Rent(random.Next(1, ReceiveSize.Largest));
                message.Length = i;
                message.EndsMessage = true;
                await _queue.WriteAsync(message);
            }

            await _queue.CompleteAsync();
        });
        int expected = 0;
        while (await _queue.WaitToReadAsync())
        {
            while (_queue.TryRead(out BridgeMessage? message))
            {
                Assert.True(message.Length == ++expected, $"{message.Length} instead of {expected}, seed {seed}");
                _queue.Release(message);
                if ((expected & 63) == 0)
                {
                    await Task.Yield();
                }
            }
        }

        await writing.WaitAsync(TestRun.Patience);
        Assert.Equal(count, expected);
        _pools.AssertAllBack();
    }

    private BridgeMessage Message(int length, bool endsMessage)
    {
        BridgeMessage message = _pools.Pools.Rent(length);
        message.Length = length;
        message.EndsMessage = endsMessage;
        return message;
    }

    // The wheel lets go of a deadline as its time comes, on the thread that advances; the failure follows on another.
    private void AssertWaits(Task write)
    {
        Assert.Equal(1, _wheel.Count);
        Assert.False(write.IsCompleted);
    }

    /// <summary>Fills the queue, and gives the write that waits.</summary>
    private async Task<Task> FillAsync()
    {
        await _queue.WriteAsync(_pools.Pools.Rent(ReceiveSize.Largest));
        Task blocked = _queue.WriteAsync(_pools.Pools.Rent(ReceiveSize.Largest)).AsTask();
        Assert.False(blocked.IsCompleted);
        return blocked;
    }
}
