using System.Globalization;
using System.Text;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

internal static class LiveStreams
{
    /// <summary>True when the long forms of the tests are asked for.</summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";

    public static ValueTask<JsonRowStream> StreamTextAsync(
        this PostgresDataSource source, string sql, JsonRowStreamOptions? options = null, CancellationToken cancellationToken = default) =>
        source.StreamAsync(new PostgresQuery(sql), options, cancellationToken);

    /// <summary>All rows of a query, as text.</summary>
    public static Task<List<string>> RowsAsync(this PostgresDataSource source, string sql) => source.RowsAsync(new PostgresQuery(sql));

    /// <summary>All rows of a query with values; a name of its own, because an interpolated string of constants is also a string.</summary>
    public static Task<List<string>> RowsOfAsync(this PostgresDataSource source, PostgresInterpolatedStringHandler query) =>
        source.RowsAsync(query.ToQuery());

    /// <summary>All rows of a query, as text.</summary>
    public static async Task<List<string>> RowsAsync(this PostgresDataSource source, PostgresQuery query)
    {
        await using JsonRowStream stream = await source.StreamAsync(query);
        return await stream.RestAsync();
    }

    /// <summary>The only row of a query, as text.</summary>
    public static async Task<string> RowAsync(this PostgresDataSource source, string sql) => Assert.Single(await source.RowsAsync(sql));

    /// <summary>The rows that are left, as text.</summary>
    public static async Task<List<string>> RestAsync(this JsonRowStream stream)
    {
        var rows = new List<string>();
        await stream.AddRestAsync(rows);
        return rows;
    }

    /// <summary>Adds the rows that are left, also those before a failure.</summary>
    public static async Task AddRestAsync(this JsonRowStream stream, List<string> rows)
    {
        while (await stream.ReadBatchAsync())
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                rows.Add(row.ToString());
            }
        }
    }

    public static async Task<byte[]> NdjsonAsync(this PostgresDataSource source, string sql)
    {
        await using JsonRowStream stream = await source.StreamTextAsync(sql);
        using var output = new MemoryStream();
        await stream.CopyToAsync(output);
        return output.ToArray();
    }

    /// <summary>SQL of many rows <c>{"i" : 1, "pad" : "xxx…"}</c>, numbered from 1; made one by one, where a function in FROM would first be stored.</summary>
    public static string Numbered(int rows, int padding = 100) => string.Create(
        CultureInfo.InvariantCulture, $"select json_build_object('i', i, 'pad', repeat('x', {padding})) from (select generate_series(1, {rows}) as i) _");

    /// <summary>The number of such a row.</summary>
    public static int NumberOf(JsonRow row)
    {
        ReadOnlySpan<byte> digits = row.Span["{\"i\" : ".Length..];
        return int.Parse(Encoding.UTF8.GetString(digits[..digits.IndexOf((byte)',')]), CultureInfo.InvariantCulture);
    }

    /// <summary>Reads to the end; true only when the rows are numbered on from <paramref name="last"/> without a gap. Gives the last number.</summary>
    public static async Task<int> CountOnAsync(this JsonRowStream stream, int last)
    {
        while (await stream.ReadBatchAsync())
        {
            last = stream.CountBatch(last);
        }

        return last;
    }

    /// <summary>Checks that the batch goes on from the last number; gives its own last.</summary>
    public static int CountBatch(this JsonRowStream stream, int last)
    {
        foreach (JsonRow row in stream.CurrentBatch)
        {
            int number = NumberOf(row);
            if (number != ++last)
            {
                Assert.Fail($"Row {last} was due, and row {number} came.");
            }
        }

        return last;
    }

    /// <summary>Reads to the end, whatever the rows are.</summary>
    public static async Task<int> CountBatchesAsync(this JsonRowStream stream)
    {
        int batches = 0;
        while (await stream.ReadBatchAsync())
        {
            batches++;
        }

        return batches;
    }
}
