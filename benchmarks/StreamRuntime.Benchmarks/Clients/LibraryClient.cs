using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>Our library as a program uses it that sets nothing of the process: batches, every row looked at.</summary>
internal static class LibraryClient
{
    public static async Task<(long Rows, long Bytes)> ReadAsync(string connection, string sql)
    {
        await using var source = PostgresDataSource.Create(connection);
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql));
        long rows = 0;
        long bytes = 0;
        while (await stream.ReadBatchAsync())
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                rows++;
                bytes += row.Span.Length;
            }
        }

        return (rows, bytes);
    }
}
