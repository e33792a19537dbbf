using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>Pause and resume: what a source does while nobody asks it, and after.</summary>
internal static class PauseRules
{
    private const int FirstRows = 10;

    public static readonly ConformanceRule[] All =
    [
        new("pause-before-the-first-row", SourceAbilities.None, "A stream that is paused before its first row has its source receive nothing.", BeforeFirstRowAsync),
        new("pause-in-mid-stream", SourceAbilities.None, "After a pause in mid-stream, the source receives nothing.", InMidStreamAsync),
        new("pause-while-a-read-is-pending", SourceAbilities.Silence, "A pause does not wait for a receive that is under way; what that receive brings is delivered, and no other is started.", WhilePendingAsync),
        new("resume-at-the-next-row", SourceAbilities.None, "A resume goes on at exactly the next row, wherever in a row the pause fell.", ResumeAsync),
        new("many-pauses", SourceAbilities.None, "Any number of pauses leaves the rows as they are.", ManyAsync),
        new("pauses-from-another-thread", SourceAbilities.None, "Pausing and resuming from another thread, at any moment, leaves the rows as they are.", FromAnotherThreadAsync),
        new("pause-timeout", SourceAbilities.None, "A pause that has lasted its PauseTimeout ends by itself, and a long pause is no silence of the source's far side.", TimeoutAsync),
        new("idle-memory-is-released", SourceAbilities.None, "For the length of a pause a source keeps no more than the beginning of a row, and says how much that is.", ReleaseAsync),
    ];

    private static async Task BeforeFirstRowAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script());
        await stream.PauseAsync();
        SourceAtRest before = stream.LookAtRest();
        run.Check(before.Asked == 0, "a receive was asked for before the first read");
        _ = stream.StartRead();
        await stream.ParkedAsync();
        await stream.CheckAtRestAsync(before);
        await stream.ResumeAsync();
        run.Check(await stream.FinishReadAsync(), "the read that waited for the resume has brought no row");
        await stream.ReadToTheEndAsync();
    }

    private static async Task InMidStreamAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script());
        await stream.ReadRowsAsync(ConformanceRun.ManyRows / 4);
        await stream.PauseAsync();
        SourceAtRest before = stream.LookAtRest();

        // Nobody reads: what was handed out stays, and nothing follows by itself.
        await stream.CheckAtRestAsync(before);

        // Somebody reads, and waits.
        Task<bool> read = stream.StartRead();
        await stream.ParkedAsync();
        await stream.CheckAtRestAsync(before);
        run.Check(!read.IsCompleted, "a read of the paused stream has brought rows that had not been received");
        await stream.ResumeAsync();
        run.Check(await stream.FinishReadAsync(), "the read that waited for the resume has brought no row");
        await stream.ReadToTheEndAsync();
    }

    private static async Task WhilePendingAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 5 * FirstRows) with { SilentAfter = [FirstRows, FirstRows + 1] });
        await stream.ReadRowsAsync(FirstRows);
        _ = stream.StartRead();
        await stream.WaitingAsync();
        await stream.PauseAsync();
        SourceAtRest before = stream.LookAtRest();

        // One row comes, and the far side is silent again: a source that goes on receiving by itself would keep that row.
        stream.GoOn();
        run.Check(await stream.FinishReadAsync() && stream.RowsRead == FirstRows + 1, $"the receive under way has ended with {stream.RowsRead} rows in all, {FirstRows + 1} were sent");
        stream.GoOn();
        await stream.CheckAtRestAsync(before);
        _ = stream.StartRead();
        await stream.ParkedAsync();
        await stream.CheckAtRestAsync(before);
        await stream.ResumeAsync();
        run.Check(await stream.FinishReadAsync(), "the read that waited for the resume has brought no row");
        await stream.ReadToTheEndAsync();
    }

    private static async Task ResumeAsync(ConformanceRun run)
    {
        foreach (int bytes in (int[])[101, 1009, 3 * ConformanceRun.BufferBytes])
        {
            StreamUnderTest stream = await run.OpenAsync(run.Script(rows: Math.Max(20, 30 * ConformanceRun.BufferBytes / bytes), rowBytes: bytes));
            for (int pauses = 0; pauses < 6; pauses++)
            {
                run.Check(await stream.ReadAsync(), $"the result ended after {stream.RowsRead} rows");
                await PauseAndResumeAsync(stream);
                run.Check(await stream.FinishReadAsync(), $"nothing followed the pause after {stream.RowsRead} rows");
            }

            await stream.ReadToTheEndAsync();
        }
    }

    private static async Task ManyAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 5 * ConformanceRun.ManyRows));
        int pauses = 0;
        do
        {
            await stream.PauseAsync();
            pauses++;
            if (pauses % 3 == 0)
            {
                // Ended before anybody has noticed.
                await stream.ResumeAsync();
                _ = stream.StartRead();
            }
            else
            {
                _ = stream.StartRead();
                await stream.ParkedOrEndedAsync();
                if (stream.Stream.State == StreamState.Paused)
                {
                    await stream.ResumeAsync();
                }
            }
        }
        while (await stream.FinishReadAsync());

        await stream.ReadToTheEndAsync();
        run.Check(stream.Stream.GetStatistics().Pauses == pauses, $"{stream.Stream.GetStatistics().Pauses} pauses are counted, there were {pauses}");
    }

    private static async Task FromAnotherThreadAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 10 * ConformanceRun.ManyRows));

        // One pause that a read is certain to meet; with the others it is as it happens.
        run.Check(await stream.ReadAsync(), "the result has no row");
        await PauseAndResumeAsync(stream);
        run.Check(await stream.FinishReadAsync(), $"nothing followed the pause after {stream.RowsRead} rows");
        bool done = false;
        Task toggler = Task.Run(async () =>
        {
            var wait = new SpinWait();
            while (!Volatile.Read(ref done))
            {
                stream.Stream.TryPause();
                wait.SpinOnce(sleep1Threshold: -1);
                stream.Stream.TryResume();
                await Task.Yield();
            }

            stream.Stream.TryResume();
        });
        try
        {
            await stream.ReadToTheEndAsync();
        }
        finally
        {
            Volatile.Write(ref done, true);
            await toggler;
        }
    }

    private static async Task TimeoutAsync(ConformanceRun run)
    {
        var timeout = TimeSpan.FromHours(1);
        StreamUnderTest stream = await run.OpenAsync(run.Script() with { Options = run.Options with { PauseTimeout = timeout } });
        run.Check(await stream.ReadAsync(), "the result has no row");
        await stream.PauseAsync();
        SourceAtRest before = stream.LookAtRest();
        _ = stream.StartRead();
        await stream.ParkedAsync();
        run.Time.Advance(timeout - TimeSpan.FromTicks(1));
        await stream.CheckAtRestAsync(before);
        run.Time.Advance(TimeSpan.FromTicks(1));
        run.Check(await stream.FinishReadAsync(), "nothing followed the pause's end by its timeout");
        await stream.ReadToTheEndAsync();
        run.Check(stream.Stream.GetStatistics().PausedTime == timeout, $"the pause is counted with {stream.Stream.GetStatistics().PausedTime}, and it lasted {timeout}");
    }

    private static async Task ReleaseAsync(ConformanceRun run)
    {
        // What frames a row on the wire may be held with it.
        const int Framing = 256;
        StreamUnderTest stream = await run.OpenAsync(run.Script());
        for (int pauses = 0; pauses < 5; pauses++)
        {
            run.Check(await stream.ReadAsync(), $"the result ended after {stream.RowsRead} rows");
            await stream.PauseAsync();
            _ = stream.StartRead();
            await stream.ParkedAsync();
            int held = stream.Probe.Held;
            run.Check(held is >= 0 and <= ConformanceRun.RowBytes + Framing, $"the source says that it holds {held} bytes through a pause, and a row has {ConformanceRun.RowBytes}");
            await run.UntilAsync(() => stream.Stream.GetStatistics().BufferedBytes == held, $"the {held} bytes that the source still holds count as held");
            await stream.ResumeAsync();
            run.Check(await stream.FinishReadAsync(), $"nothing followed the pause after {stream.RowsRead} rows");
        }
    }

    /// <summary>Pauses, has a read wait, and resumes; the read goes on.</summary>
    private static async Task PauseAndResumeAsync(StreamUnderTest stream)
    {
        await stream.PauseAsync();
        _ = stream.StartRead();
        await stream.ParkedAsync();
        await stream.ResumeAsync();
    }
}
