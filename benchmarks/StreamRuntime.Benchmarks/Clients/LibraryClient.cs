using System.Diagnostics;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>Our library: batches, every row looked at.</summary>
internal sealed class LibraryClient(string connection, bool resetsSessions = true) : RowClient
{
    private readonly PostgresDataSource _source = PostgresDataSource.Create(ConnectionString.Parse(connection) with { ResetsSessions = resetsSessions });

    public override async Task<RowTotals> ReadAsync(string sql, Action? started = null)
    {
        await using JsonRowStream stream = await _source.StreamAsync(new PostgresQuery(sql));
        started?.Invoke();
        RowTotals totals = default;
        while (await stream.ReadBatchAsync())
        {
            totals = Add(totals, stream.CurrentBatch);
        }

        return totals;
    }

    public override async Task<double> ReadFirstAsync(string sql)
    {
        long start = Stopwatch.GetTimestamp();
        await using JsonRowStream stream = await _source.StreamAsync(new PostgresQuery(sql));
        await stream.ReadBatchAsync();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <summary>Looks at every row of a batch.</summary>
    internal static RowTotals Add(RowTotals totals, RowBatch batch)
    {
        long bytes = 0;
        int rows = 0;
        foreach (JsonRow row in batch)
        {
            rows++;
            bytes += row.Span.Length;
        }

        return new RowTotals(totals.Rows + rows, totals.Bytes + bytes);
    }
}
