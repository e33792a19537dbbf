using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Benchmarks.Tests.Designs;

/// <summary>A comparison is worth something only when what we compare with does the same work, and does it right.</summary>
public sealed class LockedRowStreamTests
{
    public static TheoryData<bool> Designs => [true, false];

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Read_ToTheEnd_GivesTheRowsOfTheProduct(bool isEager)
    {
        await using var product = JsonRowStream.Create(new SampleRowSource(2000));
        List<string> expected = [];
        await foreach (JsonRow row in product)
        {
            expected.Add(row.ToString());
        }

        await using LockedRowStream stream = Locked.Stream(new SampleRowSource(2000), isEager);

        Assert.Equal(expected, await Locked.AllAsync(stream));
        StreamStatistics statistics = stream.GetStatistics();
        StreamStatistics asProduct = product.GetStatistics();
        Assert.Equal((StreamState.Complete, asProduct.RowsDelivered, asProduct.BytesDelivered), (stream.State, statistics.RowsDelivered, statistics.BytesDelivered));
        Assert.Equal((asProduct.PeakBufferedBytes, 0), (statistics.PeakBufferedBytes, statistics.BufferedBytes));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Pause_BeforeTheFirstRow_StopsTheFirstReceive(bool isEager)
    {
        var source = new ScriptedRowSource().Delivers("1");
        await using LockedRowStream stream = Locked.Stream(source, isEager);
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        Assert.False(read.IsCompleted);
        Assert.Equal(0, source.Receives);

        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Locked.Patience));
        Assert.Equal(["1"], Locked.Rows(stream));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Pause_InMidStream_StopsTheNextReceiveUntilResumed(bool isEager)
    {
        var source = new ScriptedRowSource().Delivers("1").Delivers("2").Delivers("3");
        await using LockedRowStream stream = Locked.Stream(source, isEager);
        Assert.Equal(["1"], await Locked.NextAsync(stream));
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        Assert.False(read.IsCompleted);
        Assert.Equal((1, StreamState.Paused), (source.Receives, stream.State));

        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Locked.Patience));
        Assert.Equal(["2"], Locked.Rows(stream));
        Assert.Equal(["3"], await Locked.AllAsync(stream));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Pause_DuringAReceive_LetsItsRowsThroughAndStopsTheNext(bool isEager)
    {
        var source = new ScriptedRowSource().Blocks("1").Delivers("2");
        await using LockedRowStream stream = Locked.Stream(source, isEager);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await stream.PauseAsync().WaitAsync(Locked.Patience);
        source.Release();
        Assert.True(await read.WaitAsync(Locked.Patience));
        Assert.Equal(["1"], Locked.Rows(stream));

        read = stream.ReadBatchAsync().AsTask();
        Assert.False(read.IsCompleted);
        Assert.Equal(1, source.Receives);
        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Locked.Patience));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Pause_InsideASynchronousReceive_CompletesWhenItHasStarted(bool isEager)
    {
        LockedRowStream? stream = null;
        Task? pause = null;
        bool wasCompleteInside = true;
        var source = new ScriptedRowSource().Does((_, _) =>
        {
            pause = stream!.PauseAsync();
            wasCompleteInside = pause.IsCompleted;
        }).Delivers("1");
        stream = Locked.Stream(source, isEager);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await pause!.WaitAsync(Locked.Patience);
        Assert.False(wasCompleteInside);
        Assert.Equal(1, source.Receives);
        Assert.False(read.IsCompleted);
        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Locked.Patience));
        await stream.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Pause_Twice_CountsOnceAndKeepsTheFirstReason(bool isEager)
    {
        var time = new ManualTimeProvider();
        await using LockedRowStream stream = Locked.Stream(new ScriptedRowSource().Delivers("1"), isEager, new JsonRowStreamOptions { TimeProvider = time });
        Assert.True(stream.TryPause("first"));
        Assert.False(stream.TryPause("second"));
        await stream.PauseAsync("third");
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(stream.TryResume());
        Assert.False(stream.TryResume());
        time.Advance(TimeSpan.FromSeconds(4));

        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal((1, "first", TimeSpan.FromSeconds(3)), (statistics.Pauses, statistics.PauseReason, statistics.PausedTime));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task PauseAndResume_AfterTheEnd_SayThatItEnded(bool isEager)
    {
        await using LockedRowStream stream = Locked.Stream(new ScriptedRowSource(), isEager);
        Assert.Empty(await Locked.NextAsync(stream));

        Assert.False(stream.TryPause());
        Assert.Equal(ErrorKind.StreamEnded, (await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.PauseAsync())).Kind);
        Assert.Equal(ErrorKind.StreamEnded, (await Assert.ThrowsAsync<StreamRuntimeException>(stream.ResumeAsync)).Kind);
        Assert.Equal((StreamState.Complete, 0), (stream.State, stream.GetStatistics().Pauses));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Pause_LongerThanItsTimeout_ResumesByItself(bool isEager)
    {
        var time = new ManualTimeProvider();
        var options = new JsonRowStreamOptions { TimeProvider = time, PauseTimeout = TimeSpan.FromSeconds(10) };
        await using LockedRowStream stream = Locked.Stream(new ScriptedRowSource().Delivers("1"), isEager, options);
        await stream.PauseAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        await stream.ResumeAsync();
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(read.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await read.WaitAsync(Locked.Patience));
        Assert.Equal(0, time.ArmedTimers);
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Dispose_WhilePaused_EndsTheWaitingReader(bool isEager)
    {
        var source = new ScriptedRowSource().Delivers("1");
        LockedRowStream stream = Locked.Stream(source, isEager);
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await Task.WhenAll(stream.DisposeAsync().AsTask(), stream.DisposeAsync().AsTask()).WaitAsync(Locked.Patience);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => read.WaitAsync(Locked.Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadBatchAsync().AsTask());
        Assert.Equal((StreamState.Error, 1, null), (stream.State, source.Disposals, source.BrokenRule));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Cancel_WhilePaused_EndsTheStream(bool isEager)
    {
        var source = new ScriptedRowSource().Delivers("1");
        await using LockedRowStream stream = Locked.Stream(source, isEager);
        await stream.PauseAsync();
        using var cancellation = new CancellationTokenSource();
        Task<bool> read = stream.ReadBatchAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(Locked.Patience));
        Assert.Equal((StreamState.Error, 0, 1), (stream.State, source.Receives, source.Disposals));
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Failure_AfterRows_DeliversThemFirst(bool isEager)
    {
        await using LockedRowStream stream = Locked.Stream(new ScriptedRowSource().Fails(new InvalidDataException("broken"), "1"), isEager);
        Assert.Equal(["1"], await Locked.NextAsync(stream));

        await Assert.ThrowsAsync<InvalidDataException>(() => stream.ReadBatchAsync().AsTask());
        await Assert.ThrowsAsync<InvalidDataException>(() => stream.ReadBatchAsync().AsTask());
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public async Task Read_WhileAnotherIsUnderWay_IsRefused(bool isEager)
    {
        var source = new ScriptedRowSource().Blocks("1");
        await using LockedRowStream stream = Locked.Stream(source, isEager);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => stream.ReadBatchAsync().AsTask());
        source.Release();
        Assert.True(await read.WaitAsync(Locked.Patience));
    }

    [Fact]
    public void Create_Eager_MakesTheGateThatLazyLeavesForThePause()
    {
        LockedRowStream? eager = null;
        LockedRowStream? lazy = null;
        var source = new ScriptedRowSource();
        long eagerBytes = Allocated(() => eager = Locked.Stream(source, isEager: true));
        long lazyBytes = Allocated(() => lazy = Locked.Stream(source, isEager: false));

        Assert.True(eagerBytes > lazyBytes + 100, $"eager {eagerBytes}, lazy {lazyBytes}");
        Assert.Equal(0, Allocated(() => eager!.TryPause()));
        Assert.InRange(Allocated(() => lazy!.TryPause()), 100, 300);
        Assert.Equal((StreamState.Paused, StreamState.Paused), (eager!.State, lazy!.State));
    }

    private static long Allocated(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
