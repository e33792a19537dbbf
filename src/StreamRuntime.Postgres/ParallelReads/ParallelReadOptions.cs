namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>How a query is read over several backends. Immutable and safe to share.</summary>
public sealed record ParallelReadOptions
{
    private const int MostBackends = 64;
    private const int MostPartitions = 10_000;
    private const int LeastReadAhead = 64 * 1024;

    /// <summary>The options used where none are given.</summary>
    public static ParallelReadOptions Default { get; } = new();

    /// <summary>
    /// How many backends read at the same time, each over a connection of its own. From 1 to 64; 2 by default. With 1 the query runs as it is, as with <c>StreamAsync</c>.
    /// </summary>
    public int Backends { get; init; } = 2;

    /// <summary>
    /// The columns by which the rows are parted into ranges, and ordered: <c>created_at desc, id</c>. Null by default: then the query must read one table (<c>select a, b from t
    /// where …</c>, no joins, groups or limits), which is parted by where its rows lie. The first column should have an index and many values.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>
    /// Whether the rows come in the order of the key, as far as there is one; true by default. Rows with the same key, and those of <see cref="SeparateStreams"/>, have
    /// none.
    /// </summary>
    public bool InKeyOrder { get; init; } = true;

    /// <summary>
    /// Makes a stream for each backend, for callers that consume them at the same time. False by default: one stream has all rows.
    /// </summary>
    public bool SeparateStreams { get; init; }

    /// <summary>
    /// Into how many parts the query is cut; from 1 to 10 000. More than <see cref="Backends"/>, so that those that are done earlier help with the rest. Null, the default,
    /// chooses by the size of the table. Fewer are made where there are not enough pages or values.
    /// </summary>
    public int? Partitions { get; init; }

    /// <summary>
    /// How many bytes may be held for all backends together that are ahead of the one whose turn it is, where rows come in the order of the key. From 64 KiB a backend to 1 GiB;
    /// 32 MiB by default. Where it holds a partition of each backend, all work at the same time.
    /// </summary>
    public int MaxReadAheadBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>True when one stream has to put partitions in order.</summary>
    internal bool IsOrdered => Key is not null && InKeyOrder && !SeparateStreams;

    /// <summary>What one backend may hold ahead of its turn.</summary>
    internal int ReadAheadOfEach => MaxReadAheadBytes / Backends;

    /// <summary>Says which option can't be used, if one can't.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    public void Validate()
    {
        Check(Backends is >= 1 and <= MostBackends, $"Backends must be from 1 to {MostBackends}.");
        Check(Partitions is null or (>= 1 and <= MostPartitions), $"Partitions must be from 1 to {MostPartitions}.");
        Check(MaxReadAheadBytes >= LeastReadAhead * (long)Backends && MaxReadAheadBytes <= 1 << 30, $"MaxReadAheadBytes must be from {LeastReadAhead} a backend to {1 << 30}.");
        Check(Key is null || !string.IsNullOrWhiteSpace(Key), "Key must name a column. Null means none.");
    }

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, message);
        }
    }
}
