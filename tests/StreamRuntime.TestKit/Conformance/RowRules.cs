using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>Rows, and what they may weigh.</summary>
internal static class RowRules
{
    public static readonly ConformanceRule[] All =
    [
        new("rows-exact-and-in-order", SourceAbilities.None, "Every row is delivered once, in order, byte for byte, whatever the sizes of buffers and rows are.", ExactAsync),
        new("empty-result", SourceAbilities.None, "A result without rows is complete without a row.", EmptyAsync),
        new("null-row", SourceAbilities.NullRows, "The driver's own null becomes the JSON value null, in its place among the rows.", NullAsync),
        new("row-larger-than-the-buffer", SourceAbilities.None, "A row that is larger than MaxBufferedBytes is delivered whole.", LargerThanBufferAsync),
        new("row-at-the-limit", SourceAbilities.None, "MaxRowBytes counts the row's own bytes: a row of just that size is delivered.", AtLimitAsync),
        new("row-over-the-limit", SourceAbilities.None, "A row that is larger than MaxRowBytes ends the stream in an error that names the limit and the row's size.", OverLimitAsync),
        new("rows-before-one-over-the-limit", SourceAbilities.AnyRows, "The rows before one that is too large are delivered before the error.", BeforeOverLimitAsync),
        new("rows-stay-until-the-next-receive", SourceAbilities.None, "The bytes of rows handed out stay as they are until the next receive, also through a pause.", StayAsync),
        new("buffered-bytes-within-the-limit", SourceAbilities.None, "No more than MaxBufferedBytes are held at once, one larger row excepted, however much the far side has to send.", WithinLimitAsync),
        new("accounting", SourceAbilities.None, "Rows and bytes are counted exactly, filtered rows too, and what is held is counted as held, and as nothing after the end.", AccountingAsync),
    ];

    private static async Task ExactAsync(ConformanceRun run)
    {
        foreach (int buffer in (int[])[JsonRowStreamOptions.SmallestMaxBufferedBytes, ConformanceRun.BufferBytes, JsonRowStreamOptions.Default.MaxBufferedBytes])
        {
            foreach ((int rows, int bytes) in ((int, int)[])[(1, 64), (ConformanceRun.ManyRows, 64), (ConformanceRun.ManyRows, 201), (100, 3001)])
            {
                StreamUnderTest stream = await run.OpenAsync(run.Script(rows, bytes) with { Options = run.Options with { MaxBufferedBytes = buffer } });
                await stream.ReadToTheEndAsync();
            }
        }
    }

    private static async Task EmptyAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 0));
        run.Check(!await stream.ReadAsync(), "a read of a result without rows has brought some");
        await stream.ReadToTheEndAsync();
    }

    private static async Task NullAsync(ConformanceRun run)
    {
        IReadOnlyList<string> rows = run.MakeRows(4);
        StreamUnderTest stream = await run.OpenAsync(run.Script() with { Rows = [null, rows[0], rows[1], null, null, rows[2], rows[3], null] });
        await stream.ReadToTheEndAsync();
    }

    private static async Task LargerThanBufferAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 3, rowBytes: 10 * ConformanceRun.BufferBytes + 1));
        await stream.ReadToTheEndAsync();
    }

    private static async Task AtLimitAsync(ConformanceRun run)
    {
        foreach (int limit in (int[])[ConformanceRun.RowBytes, 2 * ConformanceRun.BufferBytes])
        {
            StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 20, rowBytes: limit) with { Options = run.Options with { MaxRowBytes = limit } });
            await stream.ReadToTheEndAsync();
        }
    }

    private static async Task OverLimitAsync(ConformanceRun run)
    {
        foreach (int bytes in (int[])[ConformanceRun.RowBytes, 20 * ConformanceRun.BufferBytes])
        {
            int limit = bytes - 1;
            StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 3, rowBytes: bytes) with { Options = run.Options with { MaxRowBytes = limit } });
            CheckTooLarge(run, await stream.FailureAsync(), limit);
            run.Check(stream.RowsRead == 0, $"{stream.RowsRead} rows over the limit were delivered");
        }
    }

    private static async Task BeforeOverLimitAsync(ConformanceRun run)
    {
        const int Limit = 1000;
        const int Before = 30;
        StreamUnderTest stream = await run.OpenAsync(new SourceScript
        {
            Rows = [.. run.MakeRows(Before), .. run.MakeRows(1, 2 * Limit), .. run.MakeRows(1)],
            Options = run.Options with { MaxRowBytes = Limit },
        });
        CheckTooLarge(run, await stream.FailureAsync(), Limit);
        run.Check(stream.RowsRead == Before, $"{stream.RowsRead} rows came before the one that is too large, {Before} were sent");
    }

    private static void CheckTooLarge(ConformanceRun run, Exception failure, int limit)
    {
        run.Check(failure is StreamRuntimeException { Kind: ErrorKind.RowTooLarge }, $"a row over MaxRowBytes gave {failure.GetType().Name} ({(failure as StreamRuntimeException)?.Kind}): {failure.Message}");
        string digits = new([.. failure.Message.Select(c => char.IsAsciiDigit(c) ? c : ' ')]);
        int[] numbers = [.. digits.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        run.Check(numbers.Contains(limit) && numbers.Any(n => n > limit), $"the error does not name the limit of {limit} bytes and a larger size: {failure.Message}");
    }

    private static async Task StayAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script());
        for (int looks = 0; looks < 3; looks++)
        {
            int first = stream.RowsRead;
            run.Check(await stream.ReadAsync(), $"the result ended after {first} rows");
            if (looks == 1)
            {
                await stream.PauseAsync();
            }

            await run.SettleAsync();
            stream.CheckBatch(first);
            await stream.ResumeAsync();
        }
    }

    private static async Task WithinLimitAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 5 * ConformanceRun.ManyRows));
        for (int reads = 0; reads < 4; reads++)
        {
            // Time for the far side to have more ready than may be taken.
            await run.SettleAsync();
            run.Check(await stream.ReadAsync(), $"the result ended after {stream.RowsRead} rows");
            CheckHeld();
        }

        await stream.ReadToTheEndAsync();
        CheckHeld();

        void CheckHeld()
        {
            long peak = stream.Stream.GetStatistics().PeakBufferedBytes;
            run.Check(peak <= ConformanceRun.BufferBytes, $"{peak} bytes were held at once where MaxBufferedBytes is {ConformanceRun.BufferBytes}");
        }
    }

    private static async Task AccountingAsync(ConformanceRun run)
    {
        SourceScript script = run.Script();
        StreamUnderTest stream = await run.OpenAsync(script);
        long largestBatch = 0;
        while (await stream.ReadAsync())
        {
            RowBatch batch = stream.Stream.CurrentBatch;
            largestBatch = Math.Max(largestBatch, batch.Bytes);
            StreamStatistics now = stream.Stream.GetStatistics();
            run.Check(now.RowsDelivered == stream.RowsRead, $"{now.RowsDelivered} rows are counted, {stream.RowsRead} were delivered");
            run.Check(now.BufferedBytes >= batch.Bytes, $"{now.BufferedBytes} bytes count as held while a batch of {batch.Bytes} bytes is");
        }

        await stream.ReadToTheEndAsync();
        StreamStatistics end = stream.Stream.GetStatistics();
        long sent = script.Rows.Sum(row => (long)row!.Length);
        run.Check(end.BytesDelivered == sent, $"{end.BytesDelivered} bytes are counted, {sent} were sent");
        run.Check(end.BufferedBytes == 0, $"{end.BufferedBytes} bytes count as held after the end");
        run.Check(end.PeakBufferedBytes >= largestBatch, $"a batch of {largestBatch} bytes was held, and the peak is {end.PeakBufferedBytes}");

        int seen = 0;
        StreamUnderTest filtered = await run.OpenAsync(script with { Options = run.Options with { Where = _ => seen++ % 2 == 0 } });
        while (await filtered.Stream.ReadBatchAsync())
        {
        }

        StreamStatistics half = filtered.Stream.GetStatistics();
        run.Check(
            (half.RowsDelivered, half.RowsFiltered) == (script.Rows.Count / 2, script.Rows.Count / 2),
            $"of {script.Rows.Count} rows every other one was to be dropped: {half.RowsDelivered} were delivered and {half.RowsFiltered} dropped");
    }
}
