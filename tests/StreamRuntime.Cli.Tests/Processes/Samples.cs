using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Tests.Processes;

/// <summary>What the program should print for a sample source, made in this process.</summary>
internal static class Samples
{
    public static async Task<byte[]> BytesAsync(long rows, RowFormat format = RowFormat.Ndjson)
    {
        await using var stream = JsonRowStream.Create(new SampleRowSource(rows));
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, format);
        return bytes.ToArray();
    }

    public static async Task<string> TextAsync(long rows, RowFormat format = RowFormat.Ndjson) => System.Text.Encoding.UTF8.GetString(await BytesAsync(rows, format));
}
