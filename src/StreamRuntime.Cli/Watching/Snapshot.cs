namespace StreamRuntime.Cli.Watching;

/// <summary>What a process stood at, at one instant.</summary>
internal sealed record Snapshot(ProcessFigures Process, StreamSums Sums, IReadOnlyList<StreamFigures> Streams, IReadOnlyList<PoolFigures> Pools);

/// <summary>The process itself. Counts and times are since its start, but for <see cref="UptimeMs"/>, the clock of the snapshots, which begins with the event source.</summary>
internal sealed record ProcessFigures(
    double UptimeMs,
    double CpuMs,
    int Processors,
    long WorkingSetBytes,
    long HeapBytes,
    long AllocatedBytes,
    double GcPauseMs,
    int Gen0Collections,
    int Gen1Collections,
    int Gen2Collections,
    int Threads,
    long QueuedWorkItems);

/// <summary>All streams together; what they have done includes those that have ended.</summary>
internal sealed record StreamSums(int Running, int Paused, long Rows, long Bytes, long RowsFiltered, long Pauses, double PausedMs, long BufferedBytes)
{
    public static StreamSums None { get; } = new(0, 0, 0, 0, 0, 0, 0, 0);
}

/// <summary>One stream.</summary>
internal sealed record StreamFigures(
    long Id,
    string Name,
    string State,
    long Rows,
    long Bytes,
    long RowsFiltered,
    long BufferedBytes,
    int Pauses,
    double PausedMs,
    double CurrentPauseMs,
    string PauseReason,
    double WaitingMs,
    double ElapsedMs)
{
    public bool IsPaused => State == "Paused";
}

/// <summary>One pool of connections.</summary>
internal sealed record PoolFigures(
    string Name, int Leased, int Idle, int Opening, int Closing, int Waiting, int Max, long Leases, long Opened, long OpenFailures, long Timeouts);
