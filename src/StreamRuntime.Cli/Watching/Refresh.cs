namespace StreamRuntime.Cli.Watching;

/// <summary>A snapshot, and how fast things went since the one that was shown before.</summary>
internal sealed class Refresh
{
    private readonly Dictionary<long, StreamFigures> _before;

    /// <param name="before">What was shown before.</param>
    /// <param name="now">What is to be shown.</param>
    public Refresh(Snapshot before, Snapshot now)
    {
        Now = now;
        IntervalMs = now.Process.UptimeMs - before.Process.UptimeMs;
        _before = before.Streams.ToDictionary(s => s.Id);
        CpuPercent = Percent(now.Process.CpuMs - before.Process.CpuMs);
        GcPausePercent = Percent(now.Process.GcPauseMs - before.Process.GcPauseMs);
        AllocatedBytesPerSecond = Rate(now.Process.AllocatedBytes - before.Process.AllocatedBytes, IntervalMs);
        RowsPerSecond = Rate(now.Sums.Rows - before.Sums.Rows, IntervalMs);
        BytesPerSecond = Rate(now.Sums.Bytes - before.Sums.Bytes, IntervalMs);
    }

    public Snapshot Now { get; }

    public double IntervalMs { get; }

    /// <summary>100 is one processor.</summary>
    public double CpuPercent { get; }

    public double GcPausePercent { get; }

    public double AllocatedBytesPerSecond { get; }

    public double RowsPerSecond { get; }

    public double BytesPerSecond { get; }

    /// <summary>How many live streams the snapshot does not list.</summary>
    public int StreamsLeftOut => Math.Max(0, Now.Sums.Running + Now.Sums.Paused - Now.Streams.Count);

    public double RowsPerSecondOf(StreamFigures stream) =>
        _before.TryGetValue(stream.Id, out StreamFigures? before) ? Rate(stream.Rows - before.Rows, IntervalMs) : Rate(stream.Rows, stream.ElapsedMs);

    /// <summary>Since what was shown before; for a stream that was not shown, since its start.</summary>
    public double BytesPerSecondOf(StreamFigures stream) =>
        _before.TryGetValue(stream.Id, out StreamFigures? before) ? Rate(stream.Bytes - before.Bytes, IntervalMs) : Rate(stream.Bytes, stream.ElapsedMs);

    // Rows that were handed out may be taken back, a batch at most.
    private static double Rate(long done, double milliseconds) => milliseconds > 0 ? Math.Max(0, done) * 1000 / milliseconds : 0;

    private double Percent(double milliseconds) => IntervalMs > 0 ? milliseconds * 100 / IntervalMs : 0;
}
