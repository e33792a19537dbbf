namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>The partitions of one read, handed out in their order to whichever backend is free.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class PartitionQueue(IReadOnlyList<Partition> partitions)
{
    private int _taken;

    public IReadOnlyList<Partition> All { get; } = partitions;

    /// <summary>The next partition; null when all are handed out.</summary>
    public Partition? TryTake()
    {
        int number = Interlocked.Increment(ref _taken) - 1;
        return number < All.Count ? All[number] : null;
    }
}
