using StreamRuntime.Cli.Progress;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>The same rows twice: straight through, and with a pause in the middle. Whatever the pause did wrong would show in the difference.</summary>
internal static class PauseDemo
{
    // A pace at which the rows can be watched; at full speed they would be gone in a second.
    private const double RowsPerSecond = 300_000;

    private static readonly TimeSpan PauseFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(10);

    /// <summary>Runs it. True when everything it checks holds.</summary>
    public static async Task<bool> RunAsync(IDemoSource source, long rows, CancellationToken cancellationToken)
    {
        StandardStreams.WriteErrorLine($"1. {Measure.Count(rows)} rows from {source.Name}, straight through:");
        DemoRun straight = await RunStraightAsync(source, rows, cancellationToken);
        StandardStreams.WriteErrorLine("2. The same rows at a pace to watch, paused in the middle:");
        (DemoRun paused, PauseFindings pause) = await RunPausedAsync(source, rows, cancellationToken);
        StandardStreams.WriteOutput(DemoSummary.Write(rows, straight, paused, pause, out bool holds));
        return holds;
    }

    private static async Task<DemoRun> RunStraightAsync(IDemoSource source, long rows, CancellationToken cancellationToken)
    {
        using var ledger = new RowLedger();
        await using JsonRowStream stream = await source.OpenAsync(cancellationToken);
        using ProgressDisplay progress = Show(stream, rows);
        while (await stream.ReadBatchAsync(cancellationToken))
        {
            ledger.Add(stream.CurrentBatch);
        }

        return DemoRun.From(ledger, stream);
    }

    private static async Task<(DemoRun Run, PauseFindings Pause)> RunPausedAsync(IDemoSource source, long rows, CancellationToken cancellationToken)
    {
        using var ledger = new RowLedger();
        await using JsonRowStream stream = await source.OpenAsync(cancellationToken);
        using ProgressDisplay progress = Show(stream, rows);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task reading = ReadAsync(stream, ledger, rows / 2, half, stop.Token);
        try
        {
            await await Task.WhenAny(half.Task, reading);
            PauseFindings findings = await PauseAsync(stream, source, progress, stop.Token);
            await reading;
            return (DemoRun.From(ledger, stream), findings);
        }
        catch
        {
            // The reader uses the stream, so it must not outlive it.
            await stop.CancelAsync();
            await Task.WhenAny(reading);
            throw;
        }
    }

    private static async Task ReadAsync(JsonRowStream stream, RowLedger ledger, long halfway, TaskCompletionSource half, CancellationToken cancellationToken)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (await stream.ReadBatchAsync(cancellationToken))
        {
            ledger.Add(stream.CurrentBatch);
            if (ledger.Rows >= halfway)
            {
                half.TrySetResult();
            }

            TimeSpan running = TimeProvider.System.GetElapsedTime(started) - stream.GetStatistics().PausedTime;
            TimeSpan early = TimeSpan.FromSeconds(ledger.Rows / RowsPerSecond) - running;
            if (early > ShortestWait)
            {
                await Task.Delay(early, TimeProvider.System, cancellationToken);
            }
        }
    }

    private static async Task<PauseFindings> PauseAsync(
        JsonRowStream stream, IDemoSource source, ProgressDisplay progress, CancellationToken cancellationToken)
    {
        // Counted on this thread alone, so that nobody else's allocations are in it.
        long before = GC.GetAllocatedBytesForCurrentThread();
        stream.TryPause("demo");
        long machinery = GC.GetAllocatedBytesForCurrentThread() - before;
        await stream.PauseAsync();
        progress.Note($"   paused, with {machinery} bytes of machinery made for it");

        // The reader first takes what had been received already, which a paused stream still hands out.
        await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken);
        await source.LookAsync(cancellationToken);
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        StreamStatistics first = stream.GetStatistics();
        for (TimeSpan waited = BetweenLooks; waited < PauseFor; waited += BetweenLooks)
        {
            await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken);
            await source.LookAsync(cancellationToken);
        }

        StreamStatistics last = stream.GetStatistics();
        long growth = GC.GetTotalMemory(forceFullCollection: true) - memory;
        long meanwhile = last.RowsDelivered - first.RowsDelivered;
        (bool holds, string text) = source.Report();
        progress.Note($"   still paused: {Measure.Count(meanwhile)} rows came, the source {text}, heap {Measure.Change(growth)}");
        stream.TryResume();
        progress.Note("   resumed");
        return new PauseFindings(machinery, meanwhile, last.BufferedBytes, growth, holds, text);
    }

    private static ProgressDisplay Show(JsonRowStream stream, long rows) =>
        ProgressDisplay.Start(stream.GetStatistics, s => (double)s.RowsDelivered / rows);
}
