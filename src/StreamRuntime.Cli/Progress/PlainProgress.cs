using System.Globalization;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Progress;

/// <summary>Progress for a file or a log: a line a second.</summary>
internal sealed class PlainProgress(Func<StreamStatistics> statistics, Func<StreamStatistics, double?> share, Func<ParallelProgress?>? partitions)
    : ProgressDisplay(statistics, share, partitions, TimeSpan.FromSeconds(1))
{
    protected override void WriteNote(string line) => StandardStreams.WriteErrorLine(line);

    protected override void Write(in ProgressFigures figures, bool isLast)
    {
        StreamStatistics s = figures.Statistics;
        string share = figures.Share is { } done ? string.Create(CultureInfo.InvariantCulture, $", {done * 100:0}%") : "";
        StandardStreams.WriteErrorLine(
            $"{s.State}: {Measure.Count(s.RowsDelivered)} rows, {Measure.Bytes(s.BytesDelivered)}, {Measure.Count(figures.RowsPerSecond)} rows/s, "
            + $"{Measure.Bytes(s.BufferedBytes)} buffered, {Measure.Time(s.Elapsed)}{share}{PartitionsText.Format(figures.Partitions)}");
    }
}
