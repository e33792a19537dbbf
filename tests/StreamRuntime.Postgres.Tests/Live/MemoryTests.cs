using System.Globalization;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(MeasuredTests.Name)]
public sealed class MemoryTests(LiveServer server, ITestOutputHelper output)
{
    private const long KiB = 1024;
    private const long MiB = 1024 * KiB;

    private const string Json = "json_build_object('i', i, 'name', 'user')";

    public static TheoryData<string> Columns => [Json, "jsonb_build_object('i', i)", "i, 'user' as name, i % 2 = 0 as even"];

    [Theory]
    [MemberData(nameof(Columns))]
    public async Task MillionRows_AfterWarmUp_AllocateNothingPerRow(string columns)
    {
        await using PostgresDataSource source = server.Source();
        await ReadAsync(source, columns, 200_000);

        // The count is the whole process's, so the least of three runs is ours.
        (int rows, long allocated) = await ReadAsync(source, columns, 1_000_000);
        for (int again = 0; again < 2 && allocated > 256 * KiB; again++)
        {
            (rows, allocated) = await ReadAsync(source, columns, 1_000_000);
        }

        output.WriteLine($"{rows} rows allocated {allocated} bytes, {(double)allocated / rows:0.0000} a row");
        Assert.Equal(1_000_000, rows);
        Assert.InRange(allocated, 0, 256 * KiB);
    }

    [Fact]
    public async Task TenTimesTheRows_TakeTheSameMemory()
    {
        int rows = LiveStreams.IsFull ? 10_000_000 : 1_500_000;
        await using PostgresDataSource source = server.Source();
        await ReadAsync(source, Json, rows / 10);
        ResetPeakWorkingSet();
        long before = PeakWorkingSet();

        (int read, long allocated) = await ReadAsync(source, Json, rows);

        long growth = PeakWorkingSet() - before;
        output.WriteLine($"{read} rows: peak working set {before / MiB} MiB + {growth / KiB} KiB, {allocated} bytes allocated");
        Assert.Equal(rows, read);
        Assert.InRange(growth, long.MinValue, 4 * MiB);
        Assert.InRange(allocated, 0, MiB);
    }

    private static async Task<(int Rows, long Allocated)> ReadAsync(PostgresDataSource source, string columns, int count)
    {
        await using JsonRowStream stream = await source.StreamTextAsync($"select {columns} from (select generate_series(1, {count}) as i) _");
        int rows = 0;
        long before = GC.GetTotalAllocatedBytes(precise: true);
        while (await stream.ReadBatchAsync())
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                rows += row.Span[0] == (byte)'{' ? 1 : 0;
            }
        }

        return (rows, GC.GetTotalAllocatedBytes(precise: true) - before);
    }

    private static void ResetPeakWorkingSet() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static long PeakWorkingSet()
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return KiB * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
