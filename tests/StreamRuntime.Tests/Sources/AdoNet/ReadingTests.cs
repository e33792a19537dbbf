using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>When the provider is asked for what, and what is handed out meanwhile.</summary>
public sealed class ReadingTests
{
    private static readonly ScriptedColumn Number = new("n", typeof(int));
    private static readonly ScriptedColumn Bytes = new("b", typeof(byte[]));

    [Fact]
    public async Task RowsThatAreHere_AreHandedOut_WhileTheNextIsWaitedFor()
    {
        var reader = new ScriptedReader([Number], [1], [2], [3]);
        reader.IsPending = what => what == "read" && reader.Calls.Count == 3;
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);

        Assert.Equal(["{\"n\":1}", "{\"n\":2}"], await Rows.NextAsync(stream));
        Task<string[]> next = Rows.NextAsync(stream);
        Assert.False(next.IsCompleted);
        reader.Deliver();
        Assert.Equal(["{\"n\":3}"], await next);
        Assert.Empty(await Rows.NextAsync(stream));
    }

    [Fact]
    public async Task ARowOnItsWay_HoldsNoRowBeforeItBack()
    {
        // Every answer of the third row is waited for, and no two of them in one receive.
        var reader = new ScriptedReader([Bytes, Number], ["a", 1], ["b", 2], ["cdefgh", 3]) { IsSequential = true, PieceBytes = 4 };
        int reads = 0;
        reader.IsPending = what => (what == "read" ? ++reads : reads) == 3;
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { SequentialAccess = true });

        Assert.Equal(["{\"b\":\"YQ==\",\"n\":1}", "{\"b\":\"Yg==\",\"n\":2}"], await Rows.NextAsync(stream));
        int before = reader.Calls.Count;
        Task<string[]> next = Rows.NextAsync(stream);
        int deliveries = 0;
        while (!next.IsCompleted)
        {
            await Wait.UntilAsync(() => reader.HasPending || next.IsCompleted, Rows.Patience, "the provider is asked");
            if (reader.HasPending)
            {
                deliveries++;
                reader.Deliver();
            }
        }

        Assert.Equal(["{\"b\":\"Y2RlZmdo\",\"n\":3}"], await next);
        Assert.Equal(["null 0", "bytes", "bytes", "bytes", "null 1", "value 1"], reader.Calls.Skip(before).Take(6));
        Assert.Equal(7, deliveries);
    }

    [Fact]
    public async Task Pause_InMidRow_AsksTheProviderForNothingMore()
    {
        var reader = new ScriptedReader([Bytes], ["abcdef"], ["g"]) { IsSequential = true, PieceBytes = 2 };
        reader.IsPending = what => what == "bytes" && reader.Calls.Count == 4;
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { SequentialAccess = true });
        Task<string[]> next = Rows.NextAsync(stream);
        await Wait.UntilAsync(() => reader.HasPending, Rows.Patience, "a piece is waited for");

        await stream.PauseAsync();
        reader.Deliver();
        await Wait.UntilAsync(() => stream.GetStatistics().BufferedBytes == "{\"b\":\"abcd".Length, Rows.Patience, "the piece has come, and the reader waits");
        Assert.Equal(["read", "null 0", "bytes", "bytes"], reader.Calls);
        Assert.False(next.IsCompleted);

        await stream.ResumeAsync();
        Assert.Equal(["{\"b\":\"YWJjZGVm\"}", "{\"b\":\"Zw==\"}"], await next);
    }

    [Fact]
    public async Task Pause_WithRowsHandedOut_LeavesWhatIsPendingAndAsksForNothing()
    {
        var reader = new ScriptedReader([Number], [1], [2]);
        reader.IsPending = what => what == "read" && reader.Calls.Count == 2;
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        Assert.Equal(["{\"n\":1}"], await Rows.NextAsync(stream));
        await stream.PauseAsync();
        reader.Deliver();
        Task<string[]> next = Rows.NextAsync(stream);
        Assert.Equal(2, reader.Calls.Count);
        Assert.False(next.IsCompleted);
        await stream.ResumeAsync();
        Assert.Equal(["{\"n\":2}"], await next);
    }

    [Fact]
    public async Task MemoryIsBounded_HoweverManyRowsThereAre()
    {
        object?[][] rows = [.. Enumerable.Range(0, 20_000).Select(i => new object?[] { i, new string('x', i % 300) })];
        var reader = new ScriptedReader([Number, new("s", typeof(string))], rows);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, options: new() { MaxBufferedBytes = 8192 });
        int count = 0;
        while (await Rows.NextAsync(stream) is { Length: > 0 } batch)
        {
            Assert.All(batch, row => Assert.Equal($"{{\"n\":{count},\"s\":\"{new string('x', count++ % 300)}\"}}", row));
        }

        Assert.Equal(rows.Length, count);
        Assert.InRange(stream.GetStatistics().PeakBufferedBytes, 4096, 8192);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task RowsLargerThanTheBuffer_AreWhole_AmongSmallOnes(bool isSequential, bool asBytes)
    {
        var random = new Random(1);
        int[] sizes = [1, 10_000, 1, 1, 300_000, 30, 30, 70_000, 70_000, 0, .. Enumerable.Range(0, 300).Select(_ => (int)Math.Pow(10, 5.5 * random.NextDouble()))];
        object?[][] rows = [.. sizes.Select(s => new object?[] { 1, asBytes ? new byte[s] : new string('"', s), 2 })];
        var reader = new ScriptedReader([Number, new("v", asBytes ? typeof(byte[]) : typeof(string)), Number], rows) { IsSequential = isSequential, PieceBytes = 5000 };
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { SequentialAccess = isSequential }, options: new() { MaxBufferedBytes = 16 * 1024 });
        string[] read = await Rows.AllAsync(stream);
        Assert.Equal(sizes.Select(s => $"{{\"n\":1,\"v\":\"{(asBytes ? Convert.ToBase64String(new byte[s]) : string.Concat(Enumerable.Repeat("\\\"", s)))}\",\"n\":2}}"), read);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ARowOverTheLimit_EndsInAnError_BeforeItIsHeld(bool isSequential)
    {
        var reader = new ScriptedReader([Bytes], ["a"], [new byte[10_000_000]]) { IsSequential = isSequential, PieceBytes = 5000 };
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { SequentialAccess = isSequential }, options: new() { MaxRowBytes = 100_000 });
        Assert.Single(await Rows.NextAsync(stream));
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
        Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
        Assert.InRange(stream.GetStatistics().PeakBufferedBytes, 0, 300_000);
        Assert.InRange(reader.Calls.Count, 0, 30);
    }

    [Fact]
    public async Task SilentProvider_EndsByTheProgressTimeout()
    {
        var time = new ManualTimeProvider();
        var reader = new ScriptedReader([Number], [1]) { IsPending = _ => true };
        var command = new ScriptedCommand(reader);
        await using JsonRowStream stream = await command.StreamJsonRowsAsync(new JsonRowStreamOptions { TimeProvider = time, ProgressTimeout = TimeSpan.FromSeconds(5) });
        Task<string[]> next = Rows.NextAsync(stream);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(ErrorKind.Timeout, (await Assert.ThrowsAsync<StreamRuntimeException>(() => next)).Kind);
        Assert.Equal(1, command.Cancellations);
    }

    [Fact]
    public async Task Filter_DropsRows()
    {
        var reader = new ScriptedReader([Number], [1], [2], [3]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, options: new() { Where = row => !row.Contains((byte)'2') });
        Assert.Equal(["{\"n\":1}", "{\"n\":3}"], await Rows.AllAsync(stream));
        Assert.Equal(1, stream.GetStatistics().RowsFiltered);
    }

    [Fact]
    public async Task TypedColumns_AllocateNothingForARow()
    {
        const int Count = 20_000;
        object?[] row = [7, 1.5, "a text of some length", null];
        ScriptedColumn[] columns = [Number, new("d", typeof(double)), new("s", typeof(string)), Number];

        // What a stream costs is in both, and what the first call of anything does is in neither.
        await MeasureAsync(Count);
        long few = await MeasureAsync(1000);
        long many = await MeasureAsync(Count);
        Assert.InRange((many - few) / (double)(Count - 1000), -1.0, 0.1);

        async Task<long> MeasureAsync(int count)
        {
            var reader = new CountedReader(columns, row, count);
            await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
            long before = GC.GetAllocatedBytesForCurrentThread();
            int read = 0;
            while (true)
            {
                ValueTask<bool> more = stream.ReadBatchAsync();
                Assert.True(more.IsCompleted);
                if (!more.GetAwaiter().GetResult())
                {
                    break;
                }

                read += stream.CurrentBatch.Count;
            }

            Assert.Equal(count, read);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
