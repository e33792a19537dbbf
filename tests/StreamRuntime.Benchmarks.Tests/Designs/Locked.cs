using System.Globalization;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Tests.Designs;

/// <summary>Short ways to read a stream of the older designs in tests, every wait bounded.</summary>
internal static class Locked
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static LockedRowStream Stream(IRowSource source, bool isEager, JsonRowStreamOptions? options = null) =>
        LockedRowStream.Create(source, isEager ? GateCreation.Eager : GateCreation.Lazy, options);

    public static string[] Rows(LockedRowStream stream)
    {
        List<string> rows = [];
        foreach (JsonRow row in stream.CurrentBatch)
        {
            rows.Add(row.ToString());
        }

        return [.. rows];
    }

    /// <summary>The next batch; empty at the end.</summary>
    public static async Task<string[]> NextAsync(LockedRowStream stream, CancellationToken cancellationToken = default) =>
        await stream.ReadBatchAsync(cancellationToken).AsTask().WaitAsync(Patience, CancellationToken.None) ? Rows(stream) : [];

    public static async Task<string[]> AllAsync(LockedRowStream stream)
    {
        List<string> rows = [];
        while (await NextAsync(stream) is { Length: > 0 } batch)
        {
            rows.AddRange(batch);
        }

        return [.. rows];
    }

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
