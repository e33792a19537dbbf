using System.Diagnostics;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>Our library over several backends, as one stream: batches, every row looked at.</summary>
/// <remarks>Sharing the snapshot and cutting the table count: a single stream has nothing of the kind.</remarks>
internal sealed class ParallelClient(string connection, int backends) : RowClient
{
    private readonly PostgresDataSource _source = PostgresDataSource.Create(connection);
    private readonly ParallelReadOptions _options = new() { Backends = backends };

    public override async Task<RowTotals> ReadAsync(string sql, Action? started = null)
    {
        started?.Invoke();
        await using ParallelRows rows = await _source.StreamInParallelAsync(new PostgresQuery(sql), _options);
        JsonRowStream stream = rows.Rows;
        RowTotals totals = default;
        while (await stream.ReadBatchAsync())
        {
            totals = LibraryClient.Add(totals, stream.CurrentBatch);
        }

        return totals;
    }

    public override async Task<double> ReadFirstAsync(string sql)
    {
        long start = Stopwatch.GetTimestamp();
        await using ParallelRows rows = await _source.StreamInParallelAsync(new PostgresQuery(sql), _options);
        await rows.Rows.ReadBatchAsync();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    public override ValueTask DisposeAsync() => _source.DisposeAsync();
}
