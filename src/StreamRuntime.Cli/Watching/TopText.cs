using System.Globalization;
using StreamRuntime.Cli.Progress;

namespace StreamRuntime.Cli.Watching;

/// <summary>What both forms for people have in common: the words of a refresh.</summary>
internal static class TopText
{
    public static string Process(int id, Refresh refresh)
    {
        ProcessFigures p = refresh.Now.Process;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"process {id}: cpu {refresh.CpuPercent:0.0} % of {p.Processors * 100} %, gc pauses {refresh.GcPausePercent:0.0} %, heap {Measure.Bytes(p.HeapBytes)}, resident {Measure.Bytes(p.WorkingSetBytes)}, allocates {Measure.Bytes(refresh.AllocatedBytesPerSecond)}/s, collections {p.Gen0Collections}/{p.Gen1Collections}/{p.Gen2Collections}, threads {p.Threads}, queued {p.QueuedWorkItems}");
    }

    public static string Sums(Refresh refresh)
    {
        StreamSums s = refresh.Now.Sums;
        return $"streams: {Measure.Count(s.Running)} running, {Measure.Count(s.Paused)} paused, {Measure.Count(refresh.RowsPerSecond)} rows/s, {Megabytes(refresh.BytesPerSecond)} MB/s, "
            + $"{Measure.Bytes(s.BufferedBytes)} buffered, {Measure.Count(s.Rows)} rows and {Measure.Bytes(s.Bytes)} in all";
    }

    public static string Pool(PoolFigures p) =>
        $"pool {Clean(p.Name)}: {p.Leased} leased, {p.Idle} idle, {p.Opening} opening, {p.Closing} closing, {p.Waiting} waiting, at most {p.Max}; {Measure.Count(p.Leases)} leases, {Measure.Count(p.Timeouts)} timed out";

    public static string Megabytes(double bytes) => (bytes / 1e6).ToString("#,0.0", CultureInfo.InvariantCulture);

    public static string Time(double milliseconds) => Measure.Time(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>What a stream is paused for and why; nothing for one that is not.</summary>
    public static string Pause(StreamFigures stream) =>
        !stream.IsPaused ? "" : stream.PauseReason.Length == 0 ? Time(stream.CurrentPauseMs) : $"{Time(stream.CurrentPauseMs)} ({Clean(stream.PauseReason)})";

    /// <summary>The busiest first, and the paused at the end, longest first.</summary>
    public static IEnumerable<StreamFigures> Order(Refresh refresh) =>
        refresh.Now.Streams.OrderBy(s => s.IsPaused).ThenByDescending(refresh.BytesPerSecondOf).ThenByDescending(s => s.CurrentPauseMs).ThenBy(s => s.Id);

    /// <summary>A name may come from a client, such as a pause's reason, and a terminal must not obey it.</summary>
    public static string Clean(string text) => string.Create(text.Length, text, static (clean, from) =>
    {
        for (int i = 0; i < clean.Length; i++)
        {
            clean[i] = char.IsControl(from[i]) ? '\uFFFD' : from[i];
        }
    });
}
