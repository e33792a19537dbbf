namespace StreamRuntime.Benchmarks.Clients;

/// <summary>One way to read the rows of a query of one column. Every way looks at each row's bytes and sums their number.</summary>
internal abstract class RowClient : IAsyncDisposable
{
    /// <summary>Reads a result to its end.</summary>
    /// <param name="sql">The query.</param>
    /// <param name="started">Called once there is a connection, before the first row is received: connecting is no part of what a row costs.</param>
    public abstract Task<RowTotals> ReadAsync(string sql, Action? started = null);

    /// <summary>Receives the first row and gives the rest up.</summary>
    /// <returns>How long the row took from the call on, in nanoseconds.</returns>
    public abstract Task<double> ReadFirstAsync(string sql);

    public abstract ValueTask DisposeAsync();
}

/// <summary>What was read.</summary>
/// <param name="Rows">How many rows.</param>
/// <param name="Bytes">How many bytes their values have together.</param>
internal readonly record struct RowTotals(long Rows, long Bytes);
