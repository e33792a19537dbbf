using System.Data;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Npgsql;
using StreamRuntime.Benchmarks.Streams;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>Npgsql as its users write it.</summary>
internal sealed class NpgsqlClient(string connection, NpgsqlReading reading) : RowClient
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connection);
    private readonly byte[] _chunk = new byte[16 * 1024];

    private CommandBehavior Behavior =>
        reading is NpgsqlReading.SequentialStream or NpgsqlReading.SequentialBytes or NpgsqlReading.SequentialCopiedBytes ? CommandBehavior.SequentialAccess : CommandBehavior.Default;

    public override async Task<RowTotals> ReadAsync(string sql, Action? started = null)
    {
        await using NpgsqlConnection open = await _source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, open);
        started?.Invoke();
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Behavior);
        return reading switch
        {
            NpgsqlReading.String => await ReadStringsAsync(reader),
            NpgsqlReading.SequentialStream => await ReadStreamsAsync(reader),
            NpgsqlReading.JsonDocument => await ReadDocumentsAsync(reader),
            NpgsqlReading.CopiedBytes or NpgsqlReading.SequentialCopiedBytes => await CopyBytesAsync(reader),
            NpgsqlReading.WrittenString => await WriteStringsAsync(reader),
            _ => await ReadBytesAsync(reader),
        };
    }

    public override async Task<double> ReadFirstAsync(string sql)
    {
        await using NpgsqlConnection open = await _source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, open);
        long start = Stopwatch.GetTimestamp();
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Behavior);
        await reader.ReadAsync();
        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;

        // Or the reader would read all the other rows when it is disposed.
        command.Cancel();
        return elapsed;
    }

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task<RowTotals> ReadBytesAsync(NpgsqlDataReader reader)
    {
        long rows = 0;
        long bytes = 0;
        while (await reader.ReadAsync())
        {
            rows++;
            bytes += reader.GetFieldValue<byte[]>(0).Length;
        }

        return new RowTotals(rows, bytes);
    }

    private static async Task<RowTotals> ReadStringsAsync(NpgsqlDataReader reader)
    {
        long rows = 0;
        long bytes = 0;
        while (await reader.ReadAsync())
        {
            rows++;

            // The rows are ASCII; counting their bytes anew would be our work, not the reader's.
            bytes += reader.GetString(0).Length;
        }

        return new RowTotals(rows, bytes);
    }

    private static async Task<RowTotals> ReadDocumentsAsync(NpgsqlDataReader reader)
    {
        long rows = 0;
        long bytes = 0;
        while (await reader.ReadAsync())
        {
            using JsonDocument document = reader.GetFieldValue<JsonDocument>(0);
            rows++;
            bytes += CountBytes(document);
        }

        return new RowTotals(rows, bytes);
    }

    private static async Task<RowTotals> WriteStringsAsync(NpgsqlDataReader reader)
    {
        long rows = 0;
        using var written = new CountingStream();
        await using (var lines = new StreamWriter(written, leaveOpen: true) { NewLine = "\n" })
        {
            while (await reader.ReadAsync())
            {
                rows++;
                await lines.WriteLineAsync(reader.GetString(0));
            }
        }

        return new RowTotals(rows, written.Length - rows);
    }

    private async Task<RowTotals> CopyBytesAsync(NpgsqlDataReader reader)
    {
        long rows = 0;
        long bytes = 0;
        while (await reader.ReadAsync())
        {
            rows++;
            int copied;
            int at = 0;
            do
            {
                copied = (int)reader.GetBytes(0, at, _chunk, 0, _chunk.Length);
                at += copied;
            }
            while (copied == _chunk.Length);
            bytes += at;
        }

        return new RowTotals(rows, reader.GetDataTypeName(0) == "jsonb" ? bytes - rows : bytes);
    }

    private async Task<RowTotals> ReadStreamsAsync(NpgsqlDataReader reader)
    {
        long rows = 0;
        long bytes = 0;
        while (await reader.ReadAsync())
        {
            await using Stream value = reader.GetStream(0);
            rows++;
            for (int read = await value.ReadAsync(_chunk); read > 0; read = await value.ReadAsync(_chunk))
            {
                bytes += read;
            }
        }

        // The stream is of the wire's bytes, and jsonb's first is its version, which is no part of the value.
        return new RowTotals(rows, reader.GetDataTypeName(0) == "jsonb" ? bytes - rows : bytes);
    }

    // The text that was parsed, which the document keeps.
    private static int CountBytes(JsonDocument document) => JsonMarshal.GetRawUtf8Value(document.RootElement).Length;
}
