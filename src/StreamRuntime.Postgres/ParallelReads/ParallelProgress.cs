namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>Where one partition stands. Values are never renumbered.</summary>
public enum PartitionState : byte
{
    /// <summary>No backend has it yet.</summary>
    Waiting = 0,

    /// <summary>A backend sends its rows.</summary>
    Running = 1,

    /// <summary>All of its rows were received.</summary>
    Complete = 2,
}

/// <summary>How far along one partition is.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Rows">How many of its rows were received, those that a predicate dropped included.</param>
/// <param name="EstimatedRows">How many it has, by the server's statistics; null where these say nothing.</param>
public readonly record struct PartitionProgress(int Number, PartitionState State, long Rows, double? EstimatedRows);

/// <summary>How far along a parallel read is. A snapshot: asking for it consumes nothing and stops nothing.</summary>
/// <remarks>Estimates come from what the server knew of the table when it was last analyzed, so they may be far off; they never decide what is read.</remarks>
public sealed record ParallelProgress
{
    /// <summary>Every partition, in the order in which they are handed out.</summary>
    public required IReadOnlyList<PartitionProgress> Partitions { get; init; }

    /// <summary>How long the read has run so far, pauses not counted.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The sum of the rows received.</summary>
    public long Rows => Partitions.Sum(p => p.Rows);

    /// <summary>How many rows there are, as far as is known: what was received of the complete partitions, and the estimate for the others. Null without one.</summary>
    public double? EstimatedRows
    {
        get
        {
            double sum = 0;
            foreach (PartitionProgress partition in Partitions)
            {
                if (partition.State == PartitionState.Complete)
                {
                    sum += partition.Rows;
                }
                else if (partition.EstimatedRows is { } rows)
                {
                    sum += Math.Max(rows, partition.Rows);
                }
                else
                {
                    return null;
                }
            }

            return sum;
        }
    }

    /// <summary>The share that is done, from 0 to 1; null where the number of rows can't be estimated.</summary>
    public double? Share => Partitions.All(p => p.State == PartitionState.Complete) ? 1
        : EstimatedRows is > 0 and var all ? Math.Min(1, Rows / all)
        : null;

    /// <summary>How much longer it takes at the pace so far; null where that can't be estimated.</summary>
    public TimeSpan? EstimatedTimeLeft => Share is > 0 and var share ? Elapsed * ((1 - share) / share) : null;
}
