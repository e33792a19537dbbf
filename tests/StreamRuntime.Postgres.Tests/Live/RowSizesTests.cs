using System.Globalization;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class RowSizesTests(LiveServer server)
{
    private const int MiB = 1024 * 1024;

    public static TheoryData<bool> Shapes => [true, false];

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Rows_OfEverySizeInOneStream_ArriveWhole(bool raw)
    {
        // Large and small in turn, so that buffers grow and shrink with a row cut by every receive.
        int largest = LiveStreams.IsFull ? 64 * MiB - 16 : 8 * MiB;
        int[] sizes = [0, 1, 4095, 0, 16 * 1024 - 12, 65_535, 1, 65_536, 256 * 1024, 0, 256 * 1024 + 1, MiB, 3, largest, 0, 5];
        string list = string.Join(',', sizes.Select((size, at) => $"({at}, {size})"));
        string value = raw ? "to_json(repeat('x', n))" : "repeat('x', n) as t";
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync($"select {value} from (values {list}) s(at, n) order by at");

        var seen = new List<int>();
        while (await stream.ReadBatchAsync())
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                ReadOnlySpan<byte> text = row.Span[(raw ? 1 : 6)..^(raw ? 1 : 2)];
                Assert.False(text.ContainsAnyExcept((byte)'x'));
                seen.Add(text.Length);
            }
        }

        Assert.Equal(sizes, seen);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Row_LargerThanMaxRowBytes_EndsInAnErrorAfterTheRowsBeforeIt(bool raw)
    {
        const int Limit = 100_000;
        int framing = raw ? 2 : """{"t":""}""".Length;
        string value = raw ? "to_json(repeat('x', n))" : "repeat('x', n) as t";
        await using PostgresDataSource source = server.Source("application_name=toolarge");
        var options = new JsonRowStreamOptions { MaxRowBytes = Limit };

        // The long tail has to be cancelled, not read.
        await using JsonRowStream stream = await source.StreamTextAsync(
            $"select {value} from (select 10 as n from generate_series(1, 500) union all values ({Limit - framing}), ({Limit - framing + 1}) union all select 50000 from generate_series(1, 100000)) s",
            options);
        var rows = new List<string>();
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.AddRestAsync(rows));

        Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
        Assert.Contains(Limit.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        Assert.Equal(501, rows.Count);
        Assert.Equal(Limit, rows[^1].Length);
        Assert.Equal(StreamState.Error, stream.State);
        await server.AssertIdleAsync("toolarge");
    }

    [Fact]
    public async Task Row_FarLargerThanMaxRowBytes_IsRefusedBeforeRoomIsMadeForIt()
    {
        await using PostgresDataSource source = server.Source("application_name=toolarge");
        await using JsonRowStream stream = await source.StreamTextAsync(
            $"select to_json(repeat('x', {32 * MiB}))", new JsonRowStreamOptions { MaxRowBytes = 1000 });
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.RestAsync());

        Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
        Assert.Contains((32 * MiB + 2).ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        Assert.True(stream.GetStatistics().PeakBufferedBytes <= 256 * 1024);
        await server.AssertIdleAsync("toolarge");
    }

    [Theory]
    [InlineData(4 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(MiB)]
    public async Task MaxBufferedBytes_OfAnySize_IsWhatIsHeldAtMost(int limit)
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync(
            LiveStreams.Numbered(50_000), new JsonRowStreamOptions { MaxBufferedBytes = limit });

        Assert.Equal(50_000, await stream.CountOnAsync(0));
        Assert.InRange(stream.GetStatistics().PeakBufferedBytes, 1, limit);
    }
}
