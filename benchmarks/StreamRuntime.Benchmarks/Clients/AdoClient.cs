using System.Diagnostics;
using Npgsql;
using StreamRuntime.Benchmarks.Streams;
using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>Our library's ADO.NET source over Npgsql.</summary>
/// <param name="connection">Where to connect.</param>
/// <param name="isSequential">Whether values are taken as they arrive.</param>
/// <param name="writes">Whether rows are written out, one a line, instead of only looked at.</param>
internal sealed class AdoClient(string connection, bool isSequential = false, bool writes = false) : RowClient
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connection);
    private readonly DataReaderRowsOptions _options = new() { SequentialAccess = isSequential };

    public override async Task<RowTotals> ReadAsync(string sql, Action? started = null)
    {
        await using NpgsqlConnection open = await _source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, open);
        started?.Invoke();
        await using JsonRowStream stream = await command.StreamJsonRowsAsync(_options);
        if (writes)
        {
            using var written = new CountingStream();
            long rows = await stream.CopyToAsync(written);
            return new RowTotals(rows, written.Length - rows);
        }

        RowTotals totals = default;
        while (await stream.ReadBatchAsync())
        {
            totals = LibraryClient.Add(totals, stream.CurrentBatch);
        }

        return totals;
    }

    public override async Task<double> ReadFirstAsync(string sql)
    {
        await using NpgsqlConnection open = await _source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, open);
        long start = Stopwatch.GetTimestamp();
        await using JsonRowStream stream = await command.StreamJsonRowsAsync(_options);
        await stream.ReadBatchAsync();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    public override ValueTask DisposeAsync() => _source.DisposeAsync();
}
