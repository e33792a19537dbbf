using System.Diagnostics.Tracing;

namespace StreamRuntime.Diagnostics;

/// <summary>The events themselves. Their numbers and their parameters' names and order are what tools read, so they never change; new ones are added at the end.</summary>
/// <remarks>Thread-safe. With a manifest, which is made from these methods when somebody listens first: all parameters are primitive, so nothing of them can be trimmed away.</remarks>
[EventSource(Name = RuntimeEvents.Name)]
internal sealed partial class RuntimeEventSource : EventSource
{
    public static readonly RuntimeEventSource Log = new();

    private RuntimeEventSource()
    {
    }

    public bool WantsStreams => IsEnabled(EventLevel.Informational, Keywords.Streams);

    public bool WantsPools => IsEnabled(EventLevel.Informational, Keywords.Pools);

    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Streams)]
    public void StreamStarted(long stream, string name) => WriteEvent(1, stream, name);

    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Streams)]
    public void StreamNamed(long stream, string name) => WriteEvent(2, stream, name);

    [Event(3, Level = EventLevel.Informational, Keywords = Keywords.Streams)]
    public void StreamPaused(long stream, string reason, long rows, long bufferedRows, long bufferedBytes) =>
        WriteEvent(3, stream, reason, rows, bufferedRows, bufferedBytes);

    [Event(4, Level = EventLevel.Informational, Keywords = Keywords.Streams)]
    public void StreamResumed(long stream, double pausedMs, bool byTimeout) => WriteEvent(4, stream, pausedMs, byTimeout);

    [Event(5, Level = EventLevel.Informational, Keywords = Keywords.Streams)]
    public void StreamCompleted(long stream, long rows, long bytes, double elapsedMs) => WriteEvent(5, stream, rows, bytes, elapsedMs);

    [Event(6, Level = EventLevel.Warning, Keywords = Keywords.Streams)]
    public void StreamFailed(long stream, string error, long rows, long bytes, double elapsedMs) => WriteEvent(6, stream, error, rows, bytes, elapsedMs);

    [Event(7, Level = EventLevel.Informational, Keywords = Keywords.Pools)]
    public void ConnectionOpened(string pool, double elapsedMs) => WriteEvent(7, pool, elapsedMs);

    [Event(8, Level = EventLevel.Informational, Keywords = Keywords.Pools)]
    public void ConnectionClosed(string pool) => WriteEvent(8, pool);

    [Event(9, Level = EventLevel.Warning, Keywords = Keywords.Pools)]
    public void ConnectionFailed(string pool, string error) => WriteEvent(9, pool, error);

    [Event(10, Level = EventLevel.Warning, Keywords = Keywords.Pools)]
    public void LeaseTimedOut(string pool) => WriteEvent(10, pool);

    // A snapshot: one Process, then Streams, Stream and Pool in any number, then SnapshotCompleted. What has no such end is not whole.
    [Event(20, Level = EventLevel.Informational, Keywords = Keywords.Snapshots)]
    public void Process(
        long snapshot,
        double uptimeMs,
        double cpuMs,
        int processors,
        long workingSetBytes,
        long heapBytes,
        long allocatedBytes,
        double gcPauseMs,
        int gen0Collections,
        int gen1Collections,
        int gen2Collections,
        int threads,
        long queuedWorkItems) =>
        WriteEvent(
            20,
            snapshot,
            uptimeMs,
            cpuMs,
            processors,
            workingSetBytes,
            heapBytes,
            allocatedBytes,
            gcPauseMs,
            gen0Collections,
            gen1Collections,
            gen2Collections,
            threads,
            queuedWorkItems);

    [Event(21, Level = EventLevel.Informational, Keywords = Keywords.Snapshots)]
    public void StreamTotals(
        long snapshot, int running, int paused, long rows, long bytes, long rowsFiltered, long pauses, double pausedMs, long bufferedBytes) =>
        WriteEvent(21, snapshot, running, paused, rows, bytes, rowsFiltered, pauses, pausedMs, bufferedBytes);

    [Event(22, Level = EventLevel.Informational, Keywords = Keywords.Snapshots)]
    public void Stream(
        long snapshot,
        long stream,
        string name,
        string state,
        long rows,
        long bytes,
        long rowsFiltered,
        long bufferedBytes,
        int pauses,
        double pausedMs,
        double currentPauseMs,
        string pauseReason,
        double waitingMs,
        double elapsedMs) =>
        WriteEvent(
            22, snapshot, stream, name, state, rows, bytes, rowsFiltered, bufferedBytes, pauses, pausedMs, currentPauseMs, pauseReason, waitingMs, elapsedMs);

    [Event(23, Level = EventLevel.Informational, Keywords = Keywords.Snapshots)]
    public void Pool(
        long snapshot, string name, int leased, int idle, int opening, int closing, int waiting, int max, long leases, long opened, long openFailures, long timeouts) =>
        WriteEvent(23, snapshot, name, leased, idle, opening, closing, waiting, max, leases, opened, openFailures, timeouts);

    [Event(24, Level = EventLevel.Informational, Keywords = Keywords.Snapshots)]
    public void SnapshotCompleted(long snapshot, long entries) => WriteEvent(24, snapshot, entries);

    [Event(25, Level = EventLevel.Warning, Keywords = Keywords.Snapshots)]
    public void SnapshotFailed(long snapshot, string error) => WriteEvent(25, snapshot, error);

    /// <summary>The keywords, under the name where manifests look for them.</summary>
    public static class Keywords
    {
        public const EventKeywords Streams = (EventKeywords)RuntimeEvents.StreamKeyword;
        public const EventKeywords Pools = (EventKeywords)RuntimeEvents.PoolKeyword;
        public const EventKeywords Snapshots = (EventKeywords)RuntimeEvents.SnapshotKeyword;
    }
}
