using System.Globalization;
using System.Text;
using StreamRuntime.Postgres.ParallelReads;

namespace StreamRuntime.Cli.Progress;

/// <summary>How far the partitions of a parallel read are, for the end of a line of progress.</summary>
internal static class PartitionsText
{
    /// <summary>The partitions that are complete, the estimated time left, and each that is running; empty where there are none.</summary>
    public static string Format(ParallelProgress? progress)
    {
        if (progress is null)
        {
            return "";
        }

        var text = new StringBuilder();
        int complete = progress.Partitions.Count(p => p.State == PartitionState.Complete);
        text.Append(CultureInfo.InvariantCulture, $", {complete} of {progress.Partitions.Count} partitions");
        if (complete < progress.Partitions.Count && progress.EstimatedTimeLeft is { } left)
        {
            text.Append(CultureInfo.InvariantCulture, $", about {Measure.Time(left)} left");
        }

        string separator = "; ";
        foreach (PartitionProgress partition in progress.Partitions)
        {
            if (partition.State == PartitionState.Running)
            {
                text.Append(CultureInfo.InvariantCulture, $"{separator}no. {partition.Number} {Done(partition)}");
                separator = ", ";
            }
        }

        return text.ToString();
    }

    private static string Done(in PartitionProgress partition) => partition.EstimatedRows is >= 1 and var rows
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Min(1, partition.Rows / rows) * 100:0}%")
        : $"{Measure.Count(partition.Rows)} rows";
}
