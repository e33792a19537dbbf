using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>How a result ends: in order, by cancellation, by a deadline, by disposal.</summary>
internal static class EndingRules
{
    private const int FirstRows = 10;

    public static readonly ConformanceRule[] All =
    [
        new("end-is-noticed", SourceAbilities.None, "A source that has received the end of its result says so; it does not wait for more.", EndAsync),
        new("cancel-before-the-first-row", SourceAbilities.None, "A read cancelled before the first row ends the stream in OperationCanceledException, and the source lets go although it never received.", CancelBeforeFirstRowAsync),
        new("cancel-while-reading", SourceAbilities.Silence, "A cancelled receive ends promptly, however silent the far side is, and the stream ends in OperationCanceledException.", CancelWhileReadingAsync),
        new("cancel-while-paused", SourceAbilities.None, "A read cancelled while it waits for a resume ends the stream in OperationCanceledException, and the source lets go.", CancelWhilePausedAsync),
        new("deadline", SourceAbilities.Silence, "A source whose far side is silent past ProgressTimeout is stopped, and that is an error of kind Timeout, never the end of the result.", DeadlineAsync),
        new("dispose-in-mid-stream", SourceAbilities.None, "Disposing the stream before its end disposes the source once, which lets its far side go.", DisposeInMidStreamAsync),
        new("dispose-while-a-read-is-pending", SourceAbilities.Silence, "Disposing the stream ends the receive under way first: nothing is left that still receives.", DisposeWhilePendingAsync),
        new("dispose-twice", SourceAbilities.None, "Disposing again, the stream or the source itself, after an end or in mid-stream, does nothing.", DisposeTwiceAsync),
        new("second-read-is-refused", SourceAbilities.Silence, "A receive that waits holds no thread, so that a second read meanwhile is refused at once, and harms nothing.", SecondReadAsync),
        new("one-receive-at-a-time", SourceAbilities.SeesReceives | SourceAbilities.Silence, "A source never receives twice at the same time, and has stopped receiving when it says that it has.", OneReceiveAsync),
    ];

    private static async Task EndAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: FirstRows));
        await stream.ReadToTheEndAsync();
        int asked = stream.Probe.Receives;
        run.Check(!await stream.ReadAsync(), "a read after the end has brought rows");
        run.Check(stream.Probe.Receives == asked, "a receive was asked for after the end");
        run.Check(stream.Probe.Disposals == 1, $"the source was disposed {stream.Probe.Disposals} times by the end of its result");
    }

    private static async Task CancelBeforeFirstRowAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script());
        CheckCancelled(run, await CancelledReadAsync(stream, new CancellationToken(canceled: true)));
        run.Check(stream.Probe.Receives == 0, "a receive was asked for by a read that was cancelled before");
        await stream.CheckLetGoAsync();
    }

    private static async Task CancelWhileReadingAsync(ConformanceRun run)
    {
        foreach (int rows in (int[])[0, FirstRows])
        {
            StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 2 * FirstRows) with { SilentAfter = [rows] });
            await stream.ReadRowsAsync(rows);
            using var cancel = new CancellationTokenSource();
            Task<Exception> failure = CancelledReadAsync(stream, cancel.Token);
            await stream.WaitingAsync();
            await cancel.CancelAsync();
            CheckCancelled(run, await failure);
            run.Check(stream.RowsRead == rows, $"{stream.RowsRead} rows were delivered, {rows} were sent");
            await stream.CheckLetGoAsync();
        }
    }

    private static async Task CancelWhilePausedAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script());
        await stream.ReadRowsAsync(ConformanceRun.ManyRows / 4);
        await stream.PauseAsync();
        using var cancel = new CancellationTokenSource();
        Task<Exception> failure = CancelledReadAsync(stream, cancel.Token);
        await stream.ParkedAsync();
        await cancel.CancelAsync();
        CheckCancelled(run, await failure);
        await stream.CheckLetGoAsync();
    }

    private static async Task DeadlineAsync(ConformanceRun run)
    {
        TimeSpan limit = run.Options.ProgressTimeout;
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 2 * FirstRows) with { SilentAfter = [FirstRows] });
        await stream.ReadRowsAsync(FirstRows);
        Task<Exception> failure = stream.FailureAsync();
        await stream.WaitingAsync();

        // The clock of the wait starts when the receive turns out to be one, a moment after it has begun.
        await run.UntilAsync(
            () =>
            {
                run.Time.Advance(limit);
                return failure.IsCompleted;
            },
            "the silent source is stopped by ProgressTimeout");
        Exception error = await failure;
        run.Check(error is StreamRuntimeException { Kind: ErrorKind.Timeout }, $"a silent far side gave {error.GetType().Name} ({(error as StreamRuntimeException)?.Kind}): {error.Message}");
        await stream.CheckLetGoAsync();
    }

    private static async Task DisposeInMidStreamAsync(ConformanceRun run)
    {
        foreach (int rows in (int[])[0, ConformanceRun.ManyRows / 4])
        {
            StreamUnderTest stream = await run.OpenAsync(run.Script());
            await stream.ReadRowsAsync(rows);
            await stream.DisposeStreamAsync();
            run.Check(stream.Stream.State == StreamState.Error, $"the stream was disposed in its middle and is {stream.Stream.State}");
            await stream.CheckLetGoAsync();
        }
    }

    private static async Task DisposeWhilePendingAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 2 * FirstRows) with { SilentAfter = [FirstRows] });
        await stream.ReadRowsAsync(FirstRows);
        Task<Exception> failure = stream.FailureAsync();
        await stream.WaitingAsync();
        await stream.DisposeStreamAsync();
        Exception error = await failure;
        run.Check(error is ObjectDisposedException, $"a read under way while the stream is disposed gave {error.GetType().Name}: {error.Message}");
        await stream.CheckLetGoAsync();
        run.Check(stream.Receives?.Broken is null, stream.Receives?.Broken ?? "");
        run.Check(stream.Receives is not { IsUnderWay: true }, "the source is disposed and still receiving");
    }

    private static async Task DisposeTwiceAsync(ConformanceRun run)
    {
        foreach (bool inMidStream in (bool[])[true, false])
        {
            StreamUnderTest stream = await run.OpenAsync(run.Script());
            if (inMidStream)
            {
                await stream.ReadRowsAsync(ConformanceRun.ManyRows / 4);
            }
            else
            {
                await stream.ReadToTheEndAsync();
            }

            Task first = stream.DisposeStreamAsync();
            await stream.DisposeStreamAsync();
            await first;
            await stream.CheckLetGoAsync();
            await run.WithinAsync(stream.Source.DisposeAsync().AsTask(), "disposing the source again");
        }
    }

    private static async Task SecondReadAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 2 * FirstRows) with { SilentAfter = [FirstRows] });
        await stream.ReadRowsAsync(FirstRows);

        // A read that is pending has come back to its caller with a task.
        Task<Task<bool>> called = Task.Run(() => Task.FromResult(stream.Stream.ReadBatchAsync().AsTask()));
        Task<bool> first = await run.WithinAsync(called, "the call of a read whose rows have not come yet, which should return a task,");
        run.Check(!first.IsCompleted, "a read has ended although its far side is silent");
        try
        {
            await run.WithinAsync(stream.Stream.ReadBatchAsync().AsTask(), "a second read");
            throw run.Broken("a second read was let in beside the one under way");
        }
        catch (InvalidOperationException)
        {
            stream.GoOn();
        }

        await stream.AdoptReadAsync(first);
        await stream.ReadToTheEndAsync();
    }

    private static async Task OneReceiveAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script() with { SilentAfter = [FirstRows] });
        await stream.ReadRowsAsync(FirstRows);
        run.Check(stream.Receives is { IsUnderWay: false }, "the source has handed out rows and is still receiving");
        _ = stream.StartRead();
        await stream.WaitingAsync();

        // Time for another receive to join the one that waits.
        await run.SettleAsync();
        stream.GoOn();
        while (await stream.FinishReadAsync())
        {
            run.Check(stream.Receives is { IsUnderWay: false }, "the source has handed out rows and is still receiving");
            _ = stream.StartRead();
        }

        await stream.ReadToTheEndAsync();
        run.Check(stream.Receives!.Broken is null, stream.Receives.Broken ?? "");
        run.Check(stream.Receives.Started > 0, "not one receive was seen, so the test does not look where this source receives");
    }

    private static Task<Exception> CancelledReadAsync(StreamUnderTest stream, CancellationToken cancellationToken)
    {
        _ = stream.StartRead(cancellationToken);
        return stream.FailureAsync();
    }

    private static void CheckCancelled(ConformanceRun run, Exception failure) =>
        run.Check(failure is OperationCanceledException, $"a cancelled read gave {failure.GetType().Name}: {failure.Message}");
}
