using System.Globalization;
using System.Text;
using StreamRuntime.Cli.Progress;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>What the demonstration proved and what the pause cost, in words.</summary>
internal static class DemoSummary
{
    // What is promised of a paused stream's memory.
    private const long MostGrowth = 1024 * 1024;

    public static string Write(long rows, DemoRun straight, DemoRun paused, PauseFindings pause, out bool holds)
    {
        StreamStatistics statistics = paused.Statistics;
        (bool Holds, string Text)[] proofs =
        [
            (paused.Rows == rows && paused.OutOfOrder == 0,
                $"no row lost: {Measure.Count(paused.Rows)} of {Measure.Count(rows)} rows, {Measure.Count(paused.OutOfOrder)} of them missing, doubled or out of order"),
            (paused.Hash == straight.Hash, $"no byte changed: SHA-256 {paused.Hash[..16]}… with the pause, {straight.Hash[..16]}… without"),
            (pause.RowsMeanwhile == 0 && pause.SourceHeld, $"the pause held: {Measure.Count(pause.RowsMeanwhile)} rows came in it, and the source {pause.SourceText}"),
            (pause.MemoryGrowth <= MostGrowth, $"memory was flat: {Measure.Bytes(pause.BufferedBytes)} buffered, heap {Measure.Change(pause.MemoryGrowth)} over the pause"),
            (statistics.State == StreamState.Complete, $"the stream ended as {statistics.State}"),
        ];
        holds = proofs.All(p => p.Holds);
        var text = new StringBuilder("\nWhat the pause proved\n");
        foreach ((bool proved, string what) in proofs)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {(proved ? "ok    " : "FAILED")}  {what}\n");
        }

        StreamStatistics direct = straight.Statistics;
        double seconds = direct.Elapsed.TotalSeconds;
        return text
            .Append("\nWhat it cost\n")
            .Append(CultureInfo.InvariantCulture, $"  {pause.MachineryBytes} bytes, made by the first pause; a stream that never pauses has none of them\n")
            .Append(CultureInfo.InvariantCulture, $"  {Measure.Bytes(statistics.BytesBufferedAtPause)} held when it began, {Measure.Bytes(statistics.PeakBufferedBytes)} at most in the whole run\n")
            .Append(CultureInfo.InvariantCulture, $"  {Measure.Time(statistics.PausedTime)} paused, of {Measure.Time(statistics.Elapsed)} in all\n")
            .Append(CultureInfo.InvariantCulture, $"\nStraight through: {Measure.Count(rows / seconds)} rows/s, {Measure.Bytes(direct.BytesDelivered / seconds)}/s, every row checked and hashed.\n")
            .ToString();
    }
}
