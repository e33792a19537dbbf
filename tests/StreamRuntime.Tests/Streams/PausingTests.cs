using System.Reflection;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Logging;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Tests.Streams;

public sealed class PausingTests
{
    [Fact]
    public async Task Pause_BeforeTheFirstRow_StopsTheFirstReceive()
    {
        var source = new ScriptedRowSource().Delivers("1");
        await using JsonRowStream stream = Rows.Stream(source);
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        Assert.False(read.IsCompleted);
        Assert.Equal(0, source.Receives);

        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(["1"], Rows.Of(stream));
    }

    [Fact]
    public async Task Pause_InMidStream_StopsTheNextReceive()
    {
        var source = new ScriptedRowSource().Delivers("1").Delivers("2");
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.Equal(["1"], await Rows.NextAsync(stream));
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        Assert.False(read.IsCompleted);
        Assert.Equal(1, source.Receives);
        Assert.Equal(StreamState.Paused, stream.State);

        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(["2"], Rows.Of(stream));
    }

    [Fact]
    public async Task Pause_DuringAReceive_LetsItsRowsThroughAndStopsTheNext()
    {
        var source = new ScriptedRowSource().Blocks("1").Delivers("2");
        await using JsonRowStream stream = Rows.Stream(source);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await stream.PauseAsync().WaitAsync(Rows.Patience);
        source.Release();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(["1"], Rows.Of(stream));

        read = stream.ReadBatchAsync().AsTask();
        Assert.False(read.IsCompleted);
        Assert.Equal(1, source.Receives);
        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
    }

    [Fact]
    public async Task Pause_DuringAReceiveThatBringsNoRow_IsSeenBeforeTheNextReceive()
    {
        var source = new ScriptedRowSource().Blocks().Delivers("2");
        await using JsonRowStream stream = Rows.Stream(source);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await stream.PauseAsync();
        source.Release();
        await ReaderParkedAsync(stream);
        Assert.False(read.IsCompleted);
        Assert.Equal(1, source.Receives);
        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
    }

    [Fact]
    public async Task Pause_InsideASynchronousReceive_CompletesWhenItHasStarted()
    {
        JsonRowStream? stream = null;
        Task? pause = null;
        var source = new ScriptedRowSource().Does((_, _) => pause = stream!.PauseAsync()).Delivers("1");
        stream = Rows.Stream(source);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await pause!.WaitAsync(Rows.Patience);
        Assert.Equal(1, source.Receives);
        Assert.False(read.IsCompleted);
        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task Pause_BetweenTheLookAtTheStateAndTheReceive_WaitsForThatReceiveToStart()
    {
        // After a receive without a row the reader asks for the time at just that point.
        FieldInfo phase = typeof(JsonRowStream).GetField("_phase", BindingFlags.Instance | BindingFlags.NonPublic)!;
        const byte Deciding = 1;
        JsonRowStream? stream = null;
        Task? pause = null;
        int? receivesWhenPaused = null;
        var source = new ScriptedRowSource().Delivers().Delivers("1").Delivers("2");
        var time = new WatchedTime(() =>
        {
            if (pause is null && stream is not null && (byte)phase.GetValue(stream)! == Deciding)
            {
                pause = Task.CompletedTask;
                pause = stream.PauseAsync();
                receivesWhenPaused = pause.IsCompleted ? source.Receives : null;
            }
        });
        stream = Rows.Stream(source, o => o with { TimeProvider = time });
        Assert.Equal(["1"], await Rows.NextAsync(stream));
        await pause!.WaitAsync(Rows.Patience);
        Assert.Equal(StreamState.Paused, stream.State);
        Assert.Equal(receivesWhenPaused ?? source.Receives, source.Receives);
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task Paused_RowsAlreadyReceived_AreStillHandedOut()
    {
        var source = new ScriptedRowSource().Delivers("1", "2", "3").Delivers("4");
        await using JsonRowStream stream = Rows.Stream(source);
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        await stream.PauseAsync("lunch");
        Assert.True(await rows.MoveNextAsync());
        Assert.True(await rows.MoveNextAsync());
        Assert.Equal("3", rows.Current.ToString());
        ValueTask<bool> fourth = rows.MoveNextAsync();
        Assert.False(fourth.IsCompleted);
        Assert.Equal(2, stream.GetStatistics().RowsBufferedAtPause);
        await stream.ResumeAsync();
        Assert.True(await fourth);
        await rows.DisposeAsync();
    }

    [Fact]
    public async Task Paused_WaitingRead_IsCancelledByItsToken()
    {
        var source = new ScriptedRowSource().Delivers("1");
        await using JsonRowStream stream = Rows.Stream(source);
        await stream.PauseAsync();
        using var cancel = new CancellationTokenSource();
        Task<bool> read = stream.ReadBatchAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal(cancel.Token, error.CancellationToken);
        Assert.Equal(StreamState.Error, stream.State);
        Assert.Equal((0, 1), (source.Receives, source.Disposals));
    }

    [Fact]
    public async Task Paused_WaitingRead_IsEndedByDispose()
    {
        JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1"));
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await stream.DisposeAsync().AsTask().WaitAsync(Rows.Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Fact]
    public async Task Paused_EndAlreadyReceived_Completes()
    {
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1"));
        Assert.NotEmpty(await Rows.NextAsync(stream));
        await stream.PauseAsync();
        Assert.Empty(await Rows.NextAsync(stream));
        Assert.Equal(StreamState.Complete, stream.State);
    }

    [Theory]
    [InlineData(StreamState.Complete)]
    [InlineData(StreamState.Error)]
    public async Task PauseAndResume_OfAnEndedStream_Throw(StreamState end)
    {
        ScriptedRowSource source = end == StreamState.Complete ? new ScriptedRowSource() : new ScriptedRowSource().Fails(new InvalidOperationException("no"));
        await using JsonRowStream stream = Rows.Stream(source);
        await Record.ExceptionAsync(() => Rows.NextAsync(stream));
        Assert.Equal(end, stream.State);
        Assert.Equal(ErrorKind.StreamEnded, (await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.PauseAsync())).Kind);
        Assert.Equal(ErrorKind.StreamEnded, (await Assert.ThrowsAsync<StreamRuntimeException>(stream.ResumeAsync)).Kind);
        Assert.False(stream.TryPause());
        Assert.False(stream.TryResume());
        Assert.Equal(end, stream.State);
        Assert.Equal(0, stream.GetStatistics().Pauses);
    }

    [Fact]
    public async Task Pause_Twice_KeepsTheFirstReasonAndCountsOnce()
    {
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource());
        await stream.PauseAsync("first");
        await stream.PauseAsync("second");
        Assert.False(stream.TryPause("third"));
        Assert.Equal((1, "first"), (stream.GetStatistics().Pauses, stream.GetStatistics().PauseReason));
        await stream.ResumeAsync();
        await stream.ResumeAsync();
        Assert.False(stream.TryResume());
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public void Resume_OfANeverPausedStream_AllocatesNothing()
    {
        JsonRowStream stream = Rows.Stream(new ScriptedRowSource());
        Assert.True(stream.ResumeAsync().IsCompletedSuccessfully);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _ = stream.ResumeAsync();
            stream.TryResume();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(Gate(stream));
    }

    [Fact]
    public void Pause_TheFirst_AllocatesAtMost300Bytes()
    {
        Rows.Stream(new ScriptedRowSource()).TryPause();
        JsonRowStream stream = Rows.Stream(new ScriptedRowSource());
        long before = GC.GetAllocatedBytesForCurrentThread();
        Task paused = stream.PauseAsync();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(paused.IsCompletedSuccessfully);
        Assert.InRange(allocated, 1, 300);
    }

    [Fact]
    public void Pause_ByAHundredThreads_MakesOneGateAndHasOneWinner()
    {
        for (int round = 0; round < 20; round++)
        {
            JsonRowStream stream = Rows.Stream(new ScriptedRowSource());
            using var start = new ManualResetEventSlim();
            int winners = 0;
            object?[] gates = new object?[100];
            Thread[] threads = [.. Enumerable.Range(0, gates.Length).Select(i => new Thread(() =>
            {
                start.Wait();
                Interlocked.Add(ref winners, stream.TryPause() ? 1 : 0);
                gates[i] = Gate(stream);
            }, 128 * 1024))];
            Array.ForEach(threads, t => t.Start());
            start.Set();
            Array.ForEach(threads, t => t.Join());
            Assert.Equal(1, winners);
            Assert.NotNull(gates[0]);
            Assert.Single(gates.Distinct());
        }
    }

    [Fact]
    public void Pause_ByTwoThreadsAtTheSameInstant_LosesNoGate()
    {
        const int Rounds = 20_000;
        JsonRowStream[] streams = [.. Enumerable.Range(0, Rounds).Select(_ => Rows.Stream(new ScriptedRowSource()))];
        int winners = 0;
        int[] reached = new int[2];
        void Pause(int self)
        {
            for (int round = 0; round < Rounds; round++)
            {
                Volatile.Write(ref reached[self], round);
                var wait = new SpinWait();
                while (Volatile.Read(ref reached[1 - self]) < round)
                {
                    wait.SpinOnce(sleep1Threshold: -1);
                }

                Interlocked.Add(ref winners, streams[round].TryPause() ? 1 : 0);
            }

            Volatile.Write(ref reached[self], Rounds);
        }

        var other = new Thread(() => Pause(1));
        other.Start();
        Pause(0);
        other.Join();
        Assert.Equal(Rounds, winners);

        // The gate that was kept is the one that knows of the pause.
        Assert.All(streams, s => Assert.Equal(1, s.GetStatistics().Pauses));
    }

    [Fact]
    public async Task Statistics_AndLog_TellOfThePause()
    {
        var time = new ManualTimeProvider();
        var log = new RecordingLogger();
        var source = new ScriptedRowSource().Delivers("10", "200", "3").Delivers("4");
        await using JsonRowStream stream = Rows.Stream(source, o => o with { TimeProvider = time, Logger = log });
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        await rows.MoveNextAsync();
        await stream.PauseAsync("operator");
        time.Advance(TimeSpan.FromSeconds(3));
        StreamStatistics paused = stream.GetStatistics();
        Assert.Equal((StreamState.Paused, 1, "operator"), (paused.State, paused.Pauses, paused.PauseReason));
        Assert.Equal((2, 6), (paused.RowsBufferedAtPause, paused.BytesBufferedAtPause));
        Assert.Equal(TimeSpan.FromSeconds(3), paused.PausedTime);

        await stream.ResumeAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(stream.TryPause());
        time.Advance(TimeSpan.FromSeconds(2));
        StreamStatistics again = stream.GetStatistics();
        Assert.Equal((2, null, TimeSpan.FromSeconds(5)), (again.Pauses, again.PauseReason, again.PausedTime));
        Assert.Equal(
            [
                "Stream paused (operator) after 1 rows, with 2 rows and 6 bytes buffered",
                "Stream resumed after a pause of 3000 ms",
                "Stream paused ((null)) after 1 rows, with 2 rows and 6 bytes buffered",
            ],
            log.Messages);
        await rows.DisposeAsync();
        await stream.DisposeAsync();
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.FromSeconds(5), stream.GetStatistics().PausedTime);
    }

    private static object? Gate(JsonRowStream stream) =>
        typeof(JsonRowStream).GetField("_gate", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(stream);

    /// <summary>The reader marks itself as waiting inside the gate's lock, which is the one thing that tells from outside that it has got there.</summary>
    private static async Task ReaderParkedAsync(JsonRowStream stream)
    {
        object gate = Gate(stream)!;
        FieldInfo waiting = typeof(PauseGate).GetField("_isWaiting", BindingFlags.Instance | BindingFlags.NonPublic)!;
        await TestKit.Wait.UntilAsync(() => (bool)waiting.GetValue(gate)!, Rows.Patience, "the reader waits at the gate");
    }

    private sealed class WatchedTime(Action onTimestamp) : TimeProvider
    {
        public override long GetTimestamp()
        {
            onTimestamp();
            return base.GetTimestamp();
        }
    }
}
