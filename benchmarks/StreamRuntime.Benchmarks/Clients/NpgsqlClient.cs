using Npgsql;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>Npgsql as its users write it who want bytes and not strings: the default reader, a <c>byte[]</c> for every row.</summary>
internal static class NpgsqlClient
{
    public static async Task<(long Rows, long Bytes)> ReadAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        long rows = 0;
        long bytes = 0;
        while (await reader.ReadAsync())
        {
            rows++;
            bytes += reader.GetFieldValue<byte[]>(0).Length;
        }

        return (rows, bytes);
    }
}
