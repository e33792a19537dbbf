using System.Buffers;
using System.Text;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.Tests.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Sources;

public sealed class NdjsonMemoryTests(ITestOutputHelper output)
{
    private static readonly string[] Pieces = ["\n", "\n", "\n", "\r", "\r\n", "1", "x", "22", "\"ü€😀\"", "long" + new string('g', 20), "\0"];

    [Fact]
    public async Task SeededInputs_AtEveryCut_GiveWhatTheStreamFormGives()
    {
        int seed = Rows.IsFullRun ? Random.Shared.Next() : 4711;
        output.WriteLine($"seed {seed}");
        for (int round = 0; round < (Rows.IsFullRun ? 20_000 : 400); round++)
        {
            var random = new Random(seed + round);
            byte[] array = MakeInput(random, Pieces.Length - (round % 4 == 0 ? 0 : 1));
            int offset = Math.Min(array.Length, random.Next(4));
            ReadOnlyMemory<byte> input = array.AsMemory(offset);
            int maxRowBytes = round % 3 == 0 ? random.Next(1, 30) : 1000;
            string expected = await DrainAsync(
                NdjsonRowSource.FromStream(new MemoryStream(array, offset, input.Length)), new RowWriter(Options(4096, maxRowBytes)));
            for (int cut = 1; cut <= input.Length + 1; cut++)
            {
                var writer = new RowWriter(Options(cut, maxRowBytes));
                string got = await DrainAsync(NdjsonRowSource.FromMemory(input), writer, () => CheckReceive(writer, array, cut));
                Assert.True(expected == got, $"seed {seed + round}, cut {cut}: {expected} became {got}");
                string copied = await DrainAsync(NdjsonRowSource.FromMemory(new ForeignMemory(input).Memory), new RowWriter(Options(cut, maxRowBytes)));
                Assert.True(expected == copied, $"seed {seed + round}, cut {cut}, copied: {expected} became {copied}");
            }
        }
    }

    [Fact]
    public async Task Stream_AtEveryCut_GivesTheSameRowsAndHoldsNoMore()
    {
        var random = new Random(1);
        IEnumerable<string> lines = Enumerable.Range(0, 40).Select(i => new string((char)('a' + i % 26), random.Next(300)) + (i % 3 == 0 ? "\r\n" : "\n"));
        byte[] input = Encoding.UTF8.GetBytes(string.Concat(lines) + new string('x', 5000) + "\nlast");
        await using JsonRowStream reference = Rows.Stream(NdjsonRowSource.FromStream(new MemoryStream(input)));
        string[] expected = await Rows.AllAsync(reference);
        for (int cut = JsonRowStreamOptions.SmallestMaxBufferedBytes; cut <= input.Length + 1; cut++)
        {
            await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromMemory(input), o => o with { MaxBufferedBytes = cut });
            string[] rows = await Rows.AllAsync(stream);
            Assert.True(rows.SequenceEqual(expected), $"cut at {cut}");
            Assert.Equal(StreamState.Complete, stream.State);
            Assert.InRange(stream.GetStatistics().PeakBufferedBytes, 1, Math.Max(cut, 5001));
        }
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n", 0)]
    [InlineData("\r\n\r\n", 0)]
    [InlineData("\r", 0)]
    [InlineData("1", 1)]
    [InlineData("1\r", 1)]
    [InlineData("1\r\r\n", 1)] // One carriage return belongs to the line's end, the other to the row.
    public async Task Input_AtItsEdges(string input, int rows)
    {
        await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromMemory(Encoding.UTF8.GetBytes(input)));
        Assert.Equal(rows, (await Rows.AllAsync(stream)).Length);
        Assert.Equal(StreamState.Complete, stream.State);
    }

    [Fact]
    public async Task RowLargerThanTheLimit_IsRefusedWithItsWholeSize_AfterTheRowsBefore()
    {
        byte[] input = Encoding.UTF8.GetBytes("1\n" + new string('x', 100_000) + "\r\n2");
        await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromMemory(input), o => o with { MaxRowBytes = 99_999 });
        Assert.Equal(["1"], await Rows.NextAsync(stream));
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
        Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
        Assert.Contains("100000 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RowLargerThanTheLimit_IsRefusedBeforeItIsCopied()
    {
        await using NdjsonRowSource source = NdjsonRowSource.FromMemory(new ForeignMemory(new byte[100_000]).Memory);
        var writer = new RowWriter(Options(4096, 99_999));
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.ReceiveAsync(writer, CancellationToken.None).AsTask());
        Assert.Equal((ErrorKind.RowTooLarge, 0), (error.Kind, writer.BufferedBytes));
    }

    [Fact]
    public async Task Dispose_WithRowsInHand_LeavesThemAsTheyAre()
    {
        byte[] input = "1\n22\n"u8.ToArray();
        JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromMemory(input));
        Assert.True(await stream.ReadBatchAsync());
        ReadOnlyMemory<byte> row = stream.CurrentBatch[1].Memory;
        await stream.DisposeAsync();
        Assert.Equal("22", Rows.Text(row.Span));
        Assert.Equal("1\n22\n"u8.ToArray(), input);
    }

    [Fact]
    public async Task Cancelled_GivesTheCallersToken()
    {
        await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromMemory("1\n"u8.ToArray()));
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Rows.NextAsync(stream, cancel.Token));
        Assert.Equal(cancel.Token, error.CancellationToken);
    }

    // Past what a stream's own options may be, so that small inputs are cut everywhere.
    private static JsonRowStreamOptions Options(int maxBufferedBytes, int maxRowBytes) =>
        JsonRowStreamOptions.Default with { MaxBufferedBytes = maxBufferedBytes, MaxRowBytes = maxRowBytes };

    private static void CheckReceive(RowWriter writer, byte[] input, int cut)
    {
        Assert.True(
            writer.BufferedBytes <= cut || (writer.Count <= 1 && writer.BufferedBytes <= writer.RowBytes + 2),
            $"{writer.Count} rows in {writer.BufferedBytes} bytes at {cut}");
        Assert.Same(input, writer.Bytes);
    }

    private static byte[] MakeInput(Random random, int pieces) =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => Pieces[random.Next(pieces)])));

    /// <summary>Every row, in brackets, and the error if there is one.</summary>
    private static async Task<string> DrainAsync(NdjsonRowSource source, RowWriter writer, Action? check = null)
    {
        await using NdjsonRowSource owned = source;
        var seen = new StringBuilder();
        try
        {
            int receives = 0;
            for (bool more = true; more;)
            {
                Assert.True(++receives < 10_000, "The receives come to no end.");
                writer.Clear();
                more = await source.ReceiveAsync(writer, CancellationToken.None);
                check?.Invoke();
                Collect();
            }
        }
        catch (StreamRuntimeException error)
        {
            Collect();
            seen.Append(error.Message);
        }

        return seen.ToString();

        void Collect()
        {
            foreach (JsonRow row in new RowBatch(writer))
            {
                seen.Append('[').Append(row.ToString()).Append(']');
            }
        }
    }

    /// <summary>Memory of which nobody can get at an array.</summary>
    private sealed class ForeignMemory(ReadOnlyMemory<byte> bytes) : MemoryManager<byte>
    {
        private readonly byte[] _bytes = bytes.ToArray();

        public override Span<byte> GetSpan() => _bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
