using System.Globalization;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Queries;

/// <summary>The line of JSON that <c>--stats</c> prints.</summary>
internal static class StatisticsLine
{
    /// <param name="statistics">The stream's.</param>
    /// <param name="state">How the query ended; a reached limit is the complete answer to what was asked.</param>
    public static string Format(StreamStatistics statistics, StreamState state) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"state":"{{state}}","rows":{{statistics.RowsDelivered}},"bytes":{{statistics.BytesDelivered}},"rowsFiltered":{{statistics.RowsFiltered}},"bufferedBytesPeak":{{statistics.PeakBufferedBytes}},"timeToFirstRowMs":{{FirstRow(statistics)}},"elapsedMs":{{statistics.Elapsed.TotalMilliseconds:0.###}},"pauses":{{statistics.Pauses}},"pausedMs":{{statistics.PausedTime.TotalMilliseconds:0.###}},"allocatedBytes":{{GC.GetTotalAllocatedBytes(precise: true)}},"cpuMs":{{Environment.CpuUsage.TotalTime.TotalMilliseconds:0.###}}}""");

    private static string FirstRow(StreamStatistics statistics) =>
        statistics.TimeToFirstRow is { } time ? time.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture) : "null";
}
