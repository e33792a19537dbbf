using System.Text;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Streams;

/// <summary>Short ways to read a stream in tests, every wait bounded.</summary>
internal static class Rows
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static bool IsFullRun { get; } = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";

    public static string[] Of(JsonRowStream stream)
    {
        var rows = new List<string>();
        foreach (JsonRow row in stream.CurrentBatch)
        {
            rows.Add(row.ToString());
        }

        return [.. rows];
    }

    /// <summary>The next batch; empty at the end.</summary>
    public static async Task<string[]> NextAsync(JsonRowStream stream, CancellationToken cancellationToken = default) =>
        await stream.ReadBatchAsync(cancellationToken).AsTask().WaitAsync(Patience, CancellationToken.None) ? Of(stream) : [];

    public static async Task<string[]> AllAsync(JsonRowStream stream)
    {
        var rows = new List<string>();
        while (await NextAsync(stream) is { Length: > 0 } batch)
        {
            rows.AddRange(batch);
        }

        return [.. rows];
    }

    public static JsonRowStream Stream(IRowSource source, Func<JsonRowStreamOptions, JsonRowStreamOptions>? with = null) =>
        JsonRowStream.Create(source, with is null ? null : with(JsonRowStreamOptions.Default));

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
