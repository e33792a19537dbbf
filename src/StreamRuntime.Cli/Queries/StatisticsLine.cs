using System.Globalization;
using StreamRuntime.Connections;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Queries;

/// <summary>The line of JSON that <c>--stats</c> prints.</summary>
internal static class StatisticsLine
{
    /// <param name="statistics">The stream's.</param>
    /// <param name="state">How the query ended; a reached limit is the complete answer to what was asked.</param>
    /// <param name="pool">The connections', where they are asked for.</param>
    public static string Format(StreamStatistics statistics, StreamState state, PoolStatistics? pool = null) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"state":"{{state}}","rows":{{statistics.RowsDelivered}},"bytes":{{statistics.BytesDelivered}},"rowsFiltered":{{statistics.RowsFiltered}},"bufferedBytesPeak":{{statistics.PeakBufferedBytes}},"timeToFirstRowMs":{{FirstRow(statistics)}},"elapsedMs":{{statistics.Elapsed.TotalMilliseconds:0.###}},"pauses":{{statistics.Pauses}},"pausedMs":{{statistics.PausedTime.TotalMilliseconds:0.###}},"allocatedBytes":{{GC.GetTotalAllocatedBytes(precise: true)}},"cpuMs":{{Environment.CpuUsage.TotalTime.TotalMilliseconds:0.###}}{{Format(pool)}}}""");

    private static string Format(PoolStatistics? pool) => pool is null ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $$""","pool":{"leased":{{pool.Leased}},"idle":{{pool.Idle}},"opening":{{pool.Opening}},"closing":{{pool.Closing}},"waiting":{{pool.Waiting}},"leases":{{pool.Leases}},"opened":{{pool.Opened}},"openFailures":{{pool.OpenFailures}},"expired":{{pool.Expired}},"broken":{{pool.Broken}},"timeouts":{{pool.Timeouts}}}""");

    private static string FirstRow(StreamStatistics statistics) =>
        statistics.TimeToFirstRow is { } time ? time.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture) : "null";
}
