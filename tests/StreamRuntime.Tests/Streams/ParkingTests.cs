using System.Globalization;
using System.IO.Pipelines;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Tests.Streams;

public sealed class ParkingTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Unparkable => ["sample", "stream", "pipe", "memory", "other"];

    [Fact]
    public async Task Park_BetweenReads_ParksTheSource_AndAResumeGoesOnAtTheNextRow()
    {
        var source = new NumberedRowSource(10);
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.Equal(Numbers(1, 4), await Rows.NextAsync(stream));
        await stream.ParkAsync("gone for lunch").WaitAsync(Rows.Patience);
        StreamStatistics parked = stream.GetStatistics();
        Assert.Equal((StreamState.Paused, true, 1, 1, "gone for lunch"), (parked.State, parked.IsParked, parked.Parks, source.Parks, parked.PauseReason));

        await stream.ResumeAsync();
        Assert.Equal(StreamState.Running, stream.State);
        Assert.Equal(Numbers(5, 10), await Rows.AllAsync(stream));
        Assert.Equal((1, 1, StreamState.Complete), (source.Opens, source.Parks, stream.State));
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task Park_BeforeTheFirstRow_BeginsAtTheFirstRow()
    {
        var source = new NumberedRowSource(5);
        await using JsonRowStream stream = Rows.Stream(source);
        await stream.ParkAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        Assert.False(read.IsCompleted);
        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(Numbers(1, 4), Rows.Of(stream));
        Assert.Null(source.BrokenRule);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task Park_InMidEnumeration_DropsWhatWasNotDelivered_AndItComesAgain(int taken)
    {
        var source = new NumberedRowSource(7);
        await using JsonRowStream stream = Rows.Stream(source);
        await using IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        for (int i = 1; i <= taken; i++)
        {
            Assert.True(await rows.MoveNextAsync());
        }

        JsonRow held = rows.Current;
        await stream.ParkAsync().WaitAsync(Rows.Patience);
        Assert.Equal(taken.ToString(CultureInfo.InvariantCulture), held.ToString());
        Assert.Equal((taken, 0), (stream.GetStatistics().RowsDelivered, stream.GetStatistics().BufferedBytes));
        Task<bool> next = rows.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);

        await stream.ResumeAsync();
        for (int i = taken + 1; i <= 7; i++, next = rows.MoveNextAsync().AsTask())
        {
            Assert.True(await next.WaitAsync(Rows.Patience));
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), rows.Current.ToString());
        }

        Assert.False(await next);
        Assert.Equal(7, stream.GetStatistics().RowsDelivered);
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task Park_WithABatchHandedOut_LeavesItReadable()
    {
        await using JsonRowStream stream = Rows.Stream(new NumberedRowSource(8));
        Assert.True(await stream.ReadBatchAsync());
        await stream.ParkAsync();
        Assert.Equal(Numbers(1, 4), Rows.Of(stream));
    }

    [Fact]
    public async Task Park_WhileACopyTakesRowsBack_LosesNoneOfThem()
    {
        var source = new NumberedRowSource(10);
        await using JsonRowStream stream = Rows.Stream(source);
        using var output = new MemoryStream();
        await using RowCopy copy = RowCopy.Create(stream, new StreamThat(output, () => stream.ParkAsync()));
        Task<long> copied = copy.CopyAsync(3).AsTask();
        Assert.Equal(3, await copied.WaitAsync(Rows.Patience));
        Assert.Equal((1, 3), (source.Parks, stream.GetStatistics().RowsDelivered));

        // Those of the batch first, then those of the source; and parking once more drops none of them either.
        await stream.ResumeAsync();
        await stream.ParkAsync();
        await stream.ResumeAsync();
        Assert.Equal(Numbers(4, 10), await Rows.AllAsync(stream));
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task Park_DuringAReceive_InterruptsItAndTheReadGoesOnAfterTheResume()
    {
        var began = new TaskCompletionSource();
        var source = new NumberedRowSource(5);
        source.Receiving = async stop =>
        {
            began.TrySetResult();
            await Task.Delay(source.Parks == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, stop);
        };
        await using JsonRowStream stream = Rows.Stream(source);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await began.Task.WaitAsync(Rows.Patience);
        await stream.ParkAsync().WaitAsync(Rows.Patience);
        Assert.Equal(1, source.Parks);
        Assert.False(read.IsCompleted);

        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(Numbers(1, 4), Rows.Of(stream));
        Assert.Null(source.BrokenRule);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Park_DuringAReceiveThatBringsRowsAllTheSame_DeliversThem_AndParksThoughNobodyReadsOn(bool enumerates)
    {
        var began = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var source = new NumberedRowSource(9) { DeliversThough = true };
        source.Receiving = async stop =>
        {
            began.TrySetResult();
            await release.Task;
        };
        await using JsonRowStream stream = Rows.Stream(source);
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        if (!enumerates)
        {
            await rows.DisposeAsync();
        }

        Task<bool> read = enumerates ? rows.MoveNextAsync().AsTask() : stream.ReadBatchAsync().AsTask();
        await began.Task.WaitAsync(Rows.Patience);
        Task park = stream.ParkAsync();
        Assert.False(park.IsCompleted);
        release.SetResult();
        await park.WaitAsync(Rows.Patience);

        // An enumeration may be overtaken on its way to the first of them, which then comes again.
        if (enumerates && !read.IsCompleted)
        {
            await stream.ResumeAsync();
        }

        Assert.True(await read.WaitAsync(Rows.Patience));
        if (enumerates)
        {
            Assert.Equal("1", rows.Current.ToString());
            await stream.ResumeAsync();
            await rows.DisposeAsync();
            Assert.Equal(Numbers(2, 9), await Rows.AllAsync(stream));
        }
        else
        {
            Assert.Equal(Numbers(1, 4), Rows.Of(stream));
            await stream.ResumeAsync();
            Assert.Equal(Numbers(5, 9), await Rows.AllAsync(stream));
        }

        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task Park_WithAReaderThatWaitsAtAPause_Parks()
    {
        var source = new NumberedRowSource(8);
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.True(await stream.ReadBatchAsync());
        await stream.PauseAsync();
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await stream.ParkAsync().WaitAsync(Rows.Patience);
        Assert.Equal(1, source.Parks);
        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(Numbers(5, 8), Rows.Of(stream));
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task Park_Twice_IsOnce()
    {
        var source = new NumberedRowSource(8);
        await using JsonRowStream stream = Rows.Stream(source);
        await stream.ParkAsync("first");
        await stream.ParkAsync("second");
        Assert.Equal((1, 1, "first"), (source.Parks, stream.GetStatistics().Parks, stream.GetStatistics().PauseReason));
    }

    [Fact]
    public async Task Park_AfterTheEnd_SaysThatTheStreamHasEnded()
    {
        JsonRowStream stream = Rows.Stream(new NumberedRowSource(1));
        await Rows.AllAsync(stream);
        var ended = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.ParkAsync());
        Assert.Equal(ErrorKind.StreamEnded, ended.Kind);
        Assert.Contains("Complete", ended.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Unparkable))]
    public async Task Park_OfASourceThatCannot_SaysWhy(string kind)
    {
        await using JsonRowStream stream = Rows.Stream(kind switch
        {
            "sample" => new SampleRowSource(1),
            "stream" => NdjsonRowSource.FromStream(new MemoryStream("1"u8.ToArray())),
            "pipe" => NdjsonRowSource.FromPipe(PipeReader.Create(new MemoryStream("1"u8.ToArray()))),
            "memory" => NdjsonRowSource.FromMemory("1"u8.ToArray()),
            _ => new ScriptedRowSource(),
        });
        Assert.False(stream.CanPark);
        var refused = await Assert.ThrowsAsync<NotSupportedException>(() => stream.ParkAsync());
        Assert.Contains(kind switch { "sample" => "generator", "other" => nameof(ScriptedRowSource), _ => kind }, refused.Message, StringComparison.Ordinal);

        // Nor was it paused on the way.
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public async Task Resume_WhoseOpeningFails_IsToldByTheNextRead_AndEndsTheStream()
    {
        var source = new NumberedRowSource(8) { Opening = _ => throw new StreamRuntimeException(ErrorKind.ConnectFailed, "nobody there") };
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.True(await stream.ReadBatchAsync());
        await stream.ParkAsync();
        await stream.ResumeAsync();
        var failure = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.ReadBatchAsync().AsTask().WaitAsync(Rows.Patience));
        Assert.Equal((ErrorKind.ConnectFailed, StreamState.Error), (failure.Kind, stream.State));
        Assert.Same(failure, await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.ReadBatchAsync().AsTask()));
        Assert.Equal(1, source.Disposals);
    }

    [Fact]
    public async Task Resume_DoesNotWaitForTheOpening_AndAPauseLeavesTheLine()
    {
        int asked = 0;
        int left = 0;
        var source = new NumberedRowSource(8) { QueuePosition = 7 };
        source.Opening = async leave =>
        {
            asked++;
            try
            {
                await Task.Delay(asked == 1 ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, leave);
            }
            catch (OperationCanceledException)
            {
                left++;
                throw;
            }
        };
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.True(await stream.ReadBatchAsync());
        await stream.ParkAsync();
        Assert.Null(stream.ResumeQueuePosition);
        await stream.ResumeAsync().WaitAsync(Rows.Patience);

        // Asked before the resume returned, so that several are served in the order of their resumes.
        Assert.Equal((1, StreamState.Running, true, 7), (asked, stream.State, stream.GetStatistics().IsParked, stream.ResumeQueuePosition));
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await stream.PauseAsync();
        await Wait.UntilAsync(() => Task.FromResult(left == 1), Rows.Patience, "the line was left");
        Assert.Null(stream.ResumeQueuePosition);
        Assert.Equal((1, 0), (stream.GetStatistics().Parks, source.Opens));

        await stream.ResumeAsync();
        Assert.True(await read.WaitAsync(Rows.Patience));
        Assert.Equal(Numbers(5, 8), Rows.Of(stream));
        Assert.Equal((2, 1), (asked, source.Opens));
        Assert.Null(source.BrokenRule);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Dispose_OfAParkedStream_LetsEverybodyGo(bool isQueued, bool hasReader)
    {
        var source = new NumberedRowSource(8) { Opening = leave => Task.Delay(Timeout.InfiniteTimeSpan, leave) };
        JsonRowStream stream = Rows.Stream(source);
        Assert.True(await stream.ReadBatchAsync());
        await stream.ParkAsync();
        Task<bool>? read = hasReader ? stream.ReadBatchAsync().AsTask() : null;
        if (isQueued)
        {
            await stream.ResumeAsync();
        }

        await stream.DisposeAsync().AsTask().WaitAsync(Rows.Patience);
        if (read is not null)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => read.WaitAsync(Rows.Patience));
        }

        Assert.Equal((1, 0, StreamState.Error), (source.Disposals, source.Opens, stream.State));
        Assert.Null(source.BrokenRule);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_OfAReadThatWaitsForAParkedStream_EndsTheStream(bool isQueued)
    {
        var source = new NumberedRowSource(8) { Opening = leave => Task.Delay(Timeout.InfiniteTimeSpan, leave) };
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.True(await stream.ReadBatchAsync());
        await stream.ParkAsync();
        using var cancellation = new CancellationTokenSource();
        Task<bool> read = stream.ReadBatchAsync(cancellation.Token).AsTask();
        if (isQueued)
        {
            await stream.ResumeAsync();
        }

        await cancellation.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal((StreamState.Error, 1), (stream.State, source.Disposals));
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task ParkAfter_InAPause_ParksByItself_AndLeavesNoTimer()
    {
        var time = new ManualTimeProvider();
        var source = new NumberedRowSource(8);
        await using JsonRowStream stream = Rows.Stream(source, o => o with { TimeProvider = time, ParkAfter = 10 * s_second, ProgressTimeout = Timeout.InfiniteTimeSpan });
        Assert.True(await stream.ReadBatchAsync());
        await stream.PauseAsync();
        time.Advance(9 * s_second);
        Assert.Equal(0, source.Parks);

        // A pause that ended early must not park the next one early.
        await stream.ResumeAsync();
        await stream.PauseAsync();
        time.Advance(9 * s_second);
        Assert.Equal(0, source.Parks);
        time.Advance(s_second);
        await Wait.UntilAsync(() => Task.FromResult(stream.GetStatistics().IsParked), Rows.Patience, "the stream is parked");
        Assert.Equal(0, time.ArmedTimers);
        time.Advance(5 * s_second);
        Assert.Equal((5 * s_second, 24 * s_second), (stream.GetStatistics().ParkedTime, stream.GetStatistics().PausedTime));
        await stream.ResumeAsync();
        Assert.Equal(Numbers(5, 8), await Rows.AllAsync(stream));
    }

    [Fact]
    public async Task ParkAfter_BeforeAPauseTimeout_ParksAndThenResumes()
    {
        var time = new ManualTimeProvider();
        var source = new NumberedRowSource(8);
        await using JsonRowStream stream = Rows.Stream(source, o => o with { TimeProvider = time, ParkAfter = 10 * s_second, PauseTimeout = 60 * s_second });
        await stream.PauseAsync();
        time.Advance(10 * s_second);
        await Wait.UntilAsync(() => Task.FromResult(stream.GetStatistics().IsParked), Rows.Patience, "the stream is parked");
        Assert.Equal(1, time.ArmedTimers);
        time.Advance(49 * s_second);
        Assert.Equal(StreamState.Paused, stream.State);
        time.Advance(s_second);
        Assert.Equal(StreamState.Running, stream.State);
        Assert.Equal(Numbers(1, 8), await Rows.AllAsync(stream));
    }

    [Fact]
    public async Task ParkAfter_OnASourceThatCannot_HasNoEffect()
    {
        var time = new ManualTimeProvider();
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1"), o => o with { TimeProvider = time, ParkAfter = s_second });
        await stream.PauseAsync();
        Assert.Equal(0, time.ArmedTimers);
        time.Advance(10 * s_second);
        Assert.Equal((StreamState.Paused, 0), (stream.State, stream.GetStatistics().Parks));
    }

    [Fact]
    public async Task Park_KeepsTheTimeTheSourceWasWaitedFor()
    {
        var time = new ManualTimeProvider();
        var source = new NumberedRowSource(8);
        source.Receiving = async stop =>
        {
            await Task.Yield();
            time.Advance(s_second);
        };
        await using JsonRowStream stream = Rows.Stream(source, o => o with { TimeProvider = time });
        Assert.True(await stream.ReadBatchAsync());
        TimeSpan before = stream.GetStatistics().WaitingTime;
        await stream.ParkAsync();
        Assert.Equal(before, stream.GetStatistics().WaitingTime);
        Assert.Equal(0, time.ArmedTimers);
        await stream.ResumeAsync();
        Assert.True(await stream.ReadBatchAsync());
        Assert.InRange(stream.GetStatistics().WaitingTime, before, before + s_second);
    }

    private static string[] Numbers(int first, int last) =>
        [.. Enumerable.Range(first, last - first + 1).Select(n => n.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Does something once in the middle of a write.</summary>
    private sealed class StreamThat(Stream inner, Func<Task> act) : Stream
    {
        private bool _done;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_done)
            {
                _done = true;
                await act();
            }

            await inner.WriteAsync(buffer, cancellationToken);
        }
    }
}
