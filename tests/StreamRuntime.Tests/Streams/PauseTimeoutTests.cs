using StreamRuntime.Streams;
using StreamRuntime.TestKit.Logging;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Tests.Streams;

public sealed class PauseTimeoutTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger _log = new();

    [Fact]
    public async Task SetInOptions_ResumesByItself()
    {
        await using JsonRowStream stream = Make(10 * Second);
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        _time.Advance(10 * Second - Tick);
        Assert.Equal(StreamState.Paused, stream.State);
        _time.Advance(Tick);
        Assert.Equal(StreamState.Running, stream.State);
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Contains("Stream resumed by its pause timeout after 10000 ms", _log.Messages);
    }

    [Fact]
    public async Task SetBeforeThePause_Counts()
    {
        await using JsonRowStream stream = Make(Timeout.InfiniteTimeSpan);
        stream.PauseTimeout = 2 * Second;
        Assert.Equal(2 * Second, stream.PauseTimeout);
        await stream.PauseAsync();
        _time.Advance(2 * Second);
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public async Task SetDuringThePause_CountsFromThePausesStart()
    {
        await using JsonRowStream stream = Make(Timeout.InfiniteTimeSpan);
        await stream.PauseAsync();
        _time.Advance(4 * Second);
        stream.PauseTimeout = 5 * Second;
        _time.Advance(Second - Tick);
        Assert.Equal(StreamState.Paused, stream.State);
        _time.Advance(Tick);
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)] // One millisecond late is the value that also means "infinite".
    [InlineData(2)]
    [InlineData(3_600_000)]
    public async Task SetToLessThanThePauseHasLasted_ResumesAtOnce(int lateMs)
    {
        await using JsonRowStream stream = Make(Timeout.InfiniteTimeSpan);
        await stream.PauseAsync();
        _time.Advance(Second + TimeSpan.FromMilliseconds(lateMs));
        stream.PauseTimeout = Second;
        _time.Advance(TimeSpan.Zero);
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public async Task ClearedDuringThePause_NeverComes()
    {
        await using JsonRowStream stream = Make(Second);
        await stream.PauseAsync();
        stream.PauseTimeout = Timeout.InfiniteTimeSpan;
        _time.Advance(1000 * Second);
        Assert.Equal(StreamState.Paused, stream.State);
        Assert.Equal(0, _time.ArmedTimers);
    }

    [Fact]
    public async Task TimerOfAnEarlierPause_DoesNotCutALaterPauseShort()
    {
        await using JsonRowStream stream = Make(10 * Second);
        await stream.PauseAsync();
        _time.Advance(9 * Second);
        await stream.ResumeAsync();
        await stream.PauseAsync();
        _time.Advance(9 * Second);
        Assert.Equal(StreamState.Paused, stream.State);
        _time.Advance(Second);
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public void StaleTimer_FiringInALaterPause_WaitsOutItsTime()
    {
        // A timer's callback may already be on its way when the pause it belongs to ends.
        var gate = new PauseGate(_time, 10 * Second);
        var state = default(StreamStateCell);
        Assert.True(gate.TryPause(ref state, default, static _ => { }, Rows.Stream(new ScriptedRowSource())));
        _time.Advance(4 * Second);
        Assert.False(gate.TryResumeAfterTimeout(ref state, out _));
        Assert.Equal(StreamState.Paused, state.Value);
        Assert.Equal(6 * Second, _time.UntilNextTimer);
    }

    [Fact]
    public void TimeoutRacingResumeAndPause_NeverResumesTheLaterPause()
    {
        int seed = Environment.ProcessId;
        for (int round = 0; round < 2000; round++)
        {
            var time = new ManualTimeProvider();
            var stream = Rows.Stream(new ScriptedRowSource(), o => o with { TimeProvider = time, PauseTimeout = Second });
            stream.TryPause("first");
            using var start = new Barrier(2);
            var timer = new Thread(() =>
            {
                start.SignalAndWait();
                time.Advance(Second);
            });
            timer.Start();
            start.SignalAndWait();
            Thread.SpinWait((seed + round * 7) % 200);
            stream.TryResume();
            bool isDue = time.GetTimestamp() >= Second.Ticks;
            bool paused = stream.TryPause("second");
            timer.Join();

            // A pause that began after the first one's time had come has a whole second before it.
            Assert.True(!isDue || !paused || stream.State == StreamState.Paused, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public async Task End_StopsTheTimer()
    {
        JsonRowStream stream = Make(Second);
        await stream.PauseAsync();
        Assert.Equal(1, _time.ArmedTimers);
        await stream.DisposeAsync();
        Assert.Equal(0, _time.ArmedTimers);
    }

    [Fact]
    public void OutOfRange_Throws()
    {
        JsonRowStream stream = Make(Second);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.PauseTimeout = TimeSpan.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.PauseTimeout = TimeSpan.FromDays(50));
    }

    private JsonRowStream Make(TimeSpan timeout) =>
        Rows.Stream(new ScriptedRowSource().Delivers("1"), o => o with { TimeProvider = _time, PauseTimeout = timeout, Logger = _log });
}
