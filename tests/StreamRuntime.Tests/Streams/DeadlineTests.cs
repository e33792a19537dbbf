using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Tests.Streams;

public sealed class DeadlineTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task SilentSource_EndsAtTheProgressTimeout_AndIsCancelled()
    {
        var source = new ScriptedRowSource().Blocks("1");
        await using JsonRowStream stream = Make(source, progress: 30);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(30 * Second - Tick);
        Assert.False(read.IsCompleted);
        Assert.Equal(StreamState.Running, stream.State);
        _time.Advance(Tick);
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal((ErrorKind.Timeout, true), (error.Kind, error.IsTransient));
        Assert.Contains("30 s (ProgressTimeout)", error.Message, StringComparison.Ordinal);
        Assert.Equal((StreamState.Error, 1, 1, null), (stream.State, source.Cancellations, source.Disposals, source.BrokenRule));
        Assert.Equal(0, _time.ArmedTimers);
    }

    [Fact]
    public async Task DrippingSource_ThatCompletesNoRow_EndsAtTheProgressTimeout()
    {
        var source = new ScriptedRowSource();
        for (int i = 1; i <= 40; i++)
        {
            int held = i;
            source.Does((_, _) => { }).Blocks().Holds(held);
        }

        await using JsonRowStream stream = Make(source, progress: 30);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        for (int i = 0; i < 30 && !read.IsCompleted; i++)
        {
            await source.BlockedAsync();
            _time.Advance(Second);
            source.Release();
        }

        Assert.Equal(ErrorKind.Timeout, (await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Rows.Patience))).Kind);
        Assert.Equal(30 * Second, stream.GetStatistics().WaitingTime);
    }

    [Fact]
    public async Task LargeRowThatComesSlowly_IsProgressEvery64KiB()
    {
        var source = new ScriptedRowSource();
        for (int i = 1; i <= 10; i++)
        {
            source.Blocks().Holds(i * 64 * 1024);
        }

        await using JsonRowStream stream = Make(source.Delivers("1"), progress: 30);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        for (int i = 0; i < 10; i++)
        {
            await source.BlockedAsync();
            _time.Advance(29 * Second);
            source.Release();
        }

        Assert.True(await read.WaitAsync(Rows.Patience));
    }

    [Fact]
    public async Task RowsThatThePredicateDrops_AreProgress()
    {
        var source = new ScriptedRowSource();
        for (int i = 0; i < 10; i++)
        {
            source.Blocks("dropped");
        }

        await using JsonRowStream stream = Rows.Stream(
            source.Delivers("1"), o => o with { TimeProvider = _time, ProgressTimeout = 30 * Second, Where = row => row.Length == 1 });
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        for (int i = 0; i < 10; i++)
        {
            await source.BlockedAsync();
            _time.Advance(20 * Second);
            source.Release();
        }

        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(10, stream.GetStatistics().RowsFiltered);
    }

    [Fact]
    public async Task BusySource_ThatNeverYieldsARow_EndsAtTheProgressTimeout()
    {
        var source = new ScriptedRowSource().Forever((_, _) => _time.Advance(Second));
        await using JsonRowStream stream = Make(source, progress: 30);
        Task<bool> read = Task.Run(() => stream.ReadBatchAsync().AsTask());
        Assert.Equal(ErrorKind.Timeout, (await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Rows.Patience))).Kind);

        // The first receive is not timed, so that sources which never wait pay for no clock.
        Assert.Equal(31, source.Receives);
    }

    [Fact]
    public async Task TotalTimeout_AddsUpTheWaits()
    {
        var source = new ScriptedRowSource().Blocks("1").Blocks("2").Blocks("3");
        await using JsonRowStream stream = Make(source, progress: null, total: 25);
        for (int i = 0; i < 2; i++)
        {
            Task<bool> next = stream.ReadBatchAsync().AsTask();
            await source.BlockedAsync();
            _time.Advance(10 * Second);
            source.Release();
            Assert.True(await next.WaitAsync(Rows.Patience));
            _time.Advance(100 * Second);
        }

        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(5 * Second - Tick);
        Assert.False(read.IsCompleted);
        _time.Advance(Tick);
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Rows.Patience));
        Assert.Contains("25 s in all (TotalTimeout)", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Timeout, error.Kind);
    }

    [Fact]
    public async Task SlowConsumer_IsNotTimed()
    {
        var source = new ScriptedRowSource().Blocks("1").Blocks("2");
        await using JsonRowStream stream = Make(source, progress: 30, total: 60);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(29 * Second);
        source.Release();
        Assert.True(await read.WaitAsync(Rows.Patience));
        _time.Advance(TimeSpan.FromHours(10));
        read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(29 * Second);
        source.Release();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public async Task WhileNothingIsWaitedFor_NoTimerStaysUp()
    {
        var source = new ScriptedRowSource().Blocks("1").Blocks("2");
        await using JsonRowStream stream = Make(source, progress: null, total: 10);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(10 * Second - Tick);
        source.Release();
        Assert.True(await read.WaitAsync(Rows.Patience));

        // What is left of the limit is a tick; a timer set again for that would never rest.
        _time.Advance(20 * Second);
        Assert.Equal(0, _time.ArmedTimers);
        read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Rows.Patience));
    }

    [Fact]
    public async Task PauseDuringAReceive_StopsBothDeadlines_AndResumeGoesOnWithWhatWasLeft()
    {
        var source = new ScriptedRowSource().Blocks("1");
        await using JsonRowStream stream = Make(source, progress: 30, total: 40);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(20 * Second);
        await stream.PauseAsync();
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(read.IsCompleted);
        Assert.Equal(0, _time.ArmedTimers);
        await stream.ResumeAsync();
        _time.Advance(10 * Second - Tick);
        Assert.False(read.IsCompleted);
        _time.Advance(Tick);
        Assert.Equal(ErrorKind.Timeout, (await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Rows.Patience))).Kind);
        Assert.Equal(30 * Second, stream.GetStatistics().WaitingTime);
        Assert.Equal(TimeSpan.FromHours(1), stream.GetStatistics().PausedTime);
    }

    [Fact]
    public async Task PauseDuringAReceive_ThatEndsByItsTimeout_GoesOnTimingTheSource()
    {
        var source = new ScriptedRowSource().Blocks("1");
        await using JsonRowStream stream = Rows.Stream(
            source, o => o with { TimeProvider = _time, ProgressTimeout = 30 * Second, PauseTimeout = 100 * Second });
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await stream.PauseAsync();
        _time.Advance(100 * Second);
        Assert.Equal(StreamState.Running, stream.State);
        _time.Advance(29 * Second);
        Assert.False(read.IsCompleted);
        _time.Advance(Second);
        await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Rows.Patience));
    }

    [Fact]
    public async Task Pause_AtTheGate_IsNotTimed()
    {
        var source = new ScriptedRowSource().Blocks("1").Blocks("2");
        await using JsonRowStream stream = Make(source, progress: 30, total: 60);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        source.Release();
        Assert.True(await read.WaitAsync(Rows.Patience));
        await stream.PauseAsync();
        read = stream.ReadBatchAsync().AsTask();
        _time.Advance(TimeSpan.FromDays(1));
        await stream.ResumeAsync();
        await source.BlockedAsync();
        _time.Advance(29 * Second);
        source.Release();
        Assert.True(await read.WaitAsync(Rows.Patience));
    }

    [Fact]
    public async Task Statistics_KeepTheThreeClocksApart()
    {
        var source = new ScriptedRowSource().Blocks("1").Blocks("2");
        await using JsonRowStream stream = Make(source, progress: 30);
        _time.Advance(Second);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(2 * Second);
        source.Release();
        await read.WaitAsync(Rows.Patience);
        _time.Advance(4 * Second);
        await stream.PauseAsync();
        _time.Advance(8 * Second);
        await stream.ResumeAsync();
        read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        _time.Advance(16 * Second);
        await stream.PauseAsync();
        _time.Advance(32 * Second);
        Check(stream.GetStatistics());
        await stream.ResumeAsync();
        source.Release();
        await read.WaitAsync(Rows.Patience);
        Assert.Empty(await Rows.NextAsync(stream));
        _time.Advance(100 * Second);
        Check(stream.GetStatistics());

        static void Check(StreamStatistics s)
        {
            Assert.Equal((18, 40, 5), (s.WaitingTime.TotalSeconds, s.PausedTime.TotalSeconds, s.ConsumerTime.TotalSeconds));
            Assert.Equal((63, 3), (s.Elapsed.TotalSeconds, s.TimeToFirstRow!.Value.TotalSeconds));
        }
    }

    private JsonRowStream Make(IRowSource source, int? progress, int? total = null) => Rows.Stream(source, o => o with
    {
        TimeProvider = _time,
        ProgressTimeout = progress is { } p ? p * Second : Timeout.InfiniteTimeSpan,
        TotalTimeout = total is { } t ? t * Second : Timeout.InfiniteTimeSpan,
    });
}
