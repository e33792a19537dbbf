using System.Text;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

internal static class ParallelReading
{
    /// <summary>What one select gives under the snapshot of a parallel read: one row a line, as psql prints it.</summary>
    public static async Task<string[]> SelectUnderSnapshotAsync(this PostgresCluster cluster, ParallelRows rows, string sql)
    {
        string output = await cluster.PsqlAsync(
            $"begin isolation level repeatable read; set transaction snapshot '{rows.Snapshot}'; {sql}; commit");
        return output.Length == 0 ? [] : output.Split('\n');
    }

    /// <summary>Every row of every stream, streams read at the same time.</summary>
    public static async Task<string[]> ReadAllAsync(this ParallelRows rows)
    {
        List<string>[] read = await Task.WhenAll(rows.Streams.Select(s => Task.Run(s.RestAsync)));
        return [.. read.SelectMany(r => r)];
    }

    /// <summary>Fails with the first difference, where printing both would be no help.</summary>
    public static void AssertSame(IEnumerable<string> expected, IEnumerable<string> actual)
    {
        string[] left = [.. expected];
        string[] right = [.. actual];
        for (int i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            if (!string.Equals(left[i], right[i], StringComparison.Ordinal))
            {
                Assert.Fail($"Row {i} of {left.Length} is {Short(right[i])} and should be {Short(left[i])}.");
            }
        }

        Assert.Equal(left.Length, right.Length);
    }

    /// <summary>The same rows, as often, in whatever order.</summary>
    public static void AssertSameSet(IEnumerable<string> expected, IEnumerable<string> actual) =>
        AssertSame(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));

    private static string Short(string row) => new StringBuilder(row, 0, Math.Min(row.Length, 200), 200).ToString();
}
