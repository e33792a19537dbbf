using System.Globalization;
using System.IO.Pipelines;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Gateway;

/// <summary>The least a Kestrel endpoint can do: writes rows that lie in memory.</summary>
internal static class BareRows
{
    private const int RowsInMemory = 10_000;
    private const int WriteBytes = 64 * 1024;

    public static void Map(WebApplication application)
    {
        (byte[] rows, int[] ends) = Make().GetAwaiter().GetResult();
        application.MapGet("/rows/rows", async context =>
        {
            long limit = long.Parse(context.Request.Query["limit"]!, CultureInfo.InvariantCulture);
            context.Response.ContentType = "application/x-ndjson";
            PipeWriter writer = context.Response.BodyWriter;
            for (long left = limit; left > 0; left -= RowsInMemory)
            {
                int end = ends[Math.Min(left, RowsInMemory) - 1];
                for (int at = 0; at < end; at += WriteBytes)
                {
                    await writer.WriteAsync(rows.AsMemory(at, Math.Min(WriteBytes, end - at)), context.RequestAborted);
                }
            }
        });
    }

    private static async Task<(byte[] Rows, int[] Ends)> Make()
    {
        using var bytes = new MemoryStream();
        await using var stream = JsonRowStream.Create(new SampleRowSource(RowsInMemory, Served.SampleRowBytes));
        await stream.CopyToAsync(bytes);
        byte[] rows = bytes.ToArray();
        int[] ends = [.. Enumerable.Range(0, rows.Length).Where(i => rows[i] == (byte)'\n').Select(i => i + 1)];
        return (rows, ends);
    }
}
