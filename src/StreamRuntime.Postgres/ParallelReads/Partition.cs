using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>One part of a parallel read: a statement that gives some of the rows, and how far along it is.</summary>
/// <remarks>Read to its end by one backend; any thread may look at its progress.</remarks>
internal sealed class Partition(int number, PostgresQuery query, double? estimatedRows)
{
    private long _rows;
    private byte _state;

    /// <summary>Its place in the order of the partitions, from 0.</summary>
    public int Number { get; } = number;

    public PostgresQuery Query { get; } = query;

    public PartitionState State
    {
        get => (PartitionState)Volatile.Read(ref _state);
        set => Volatile.Write(ref _state, (byte)value);
    }

    public PartitionProgress Progress => new(Number + 1, State, Volatile.Read(ref _rows), estimatedRows);

    /// <summary>Counts rows; called by its reader alone.</summary>
    public void AddRows(long count) => Volatile.Write(ref _rows, _rows + count);
}
