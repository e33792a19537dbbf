using System.Buffers;
using System.Text;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.Tests.Streams;

public sealed class RowWriterTests
{
    private static readonly JsonRowStreamOptions Small = JsonRowStreamOptions.Default with { MaxRowBytes = 10, MaxBufferedBytes = 4096 };

    [Fact]
    public void Written_AtTheLimit_Passes_OneMoreNamesLimitAndSize()
    {
        var writer = new RowWriter(Small);
        writer.Write("0123456789"u8);
        writer.EndRow();
        Assert.Equal((1, 10), (writer.Count, writer.RowBytes));
        writer.Write("0123456789"u8);
        StreamRuntimeException error = Assert.Throws<StreamRuntimeException>(() => writer.Write("X"u8));
        Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
        Assert.Contains("11 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxRowBytes (10 bytes)", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, writer.Count);
    }

    [Fact]
    public void Attached_AtTheLimit_Passes_OneMoreNamesLimitAndSize()
    {
        var writer = new RowWriter(Small);
        writer.Attach(new byte[] { 1 }.Concat("0123456789X"u8.ToArray()).ToArray().AsMemory(1));
        writer.Add(0, 10);
        writer.Add(1, 10);
        StreamRuntimeException error = Assert.Throws<StreamRuntimeException>(() => writer.Add(0, 11));
        Assert.Contains("11 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("(10 bytes)", error.Message, StringComparison.Ordinal);
        Assert.Equal(["0123456789", "123456789X"], Texts(writer));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(3, 1)]
    [InlineData(-1, 1)]
    [InlineData(1, -1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(4, 0)]
    public void Add_OutsideTheAttachedBytes_Throws(int offset, int length)
    {
        var writer = new RowWriter(Small);
        writer.Attach(new byte[8].AsMemory(2, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Add(offset, length));
        Assert.Equal(0, writer.Count);
    }

    [Fact]
    public void BothWaysInOneReceive_Throws()
    {
        var writer = new RowWriter(Small);
        writer.Attach("abc"u8.ToArray());
        Assert.Throws<InvalidOperationException>(() => writer.GetSpan());
        Assert.Throws<InvalidOperationException>(writer.EndRow);
        writer.Clear();
        writer.Write("x"u8);
        Assert.Throws<InvalidOperationException>(() => writer.Attach("abc"u8.ToArray()));
    }

    [Fact]
    public void Attach_OfOtherMemoryAfterARow_Throws_OfTheSameGoesOn()
    {
        var writer = new RowWriter(Small);
        byte[] bytes = "abcdef"u8.ToArray();
        writer.Attach(bytes.AsMemory(0, 3));
        writer.Add(0, 2);
        writer.Attach(bytes.AsMemory(2, 4));
        writer.Add(1, 2);
        Assert.Equal(["ab", "de"], Texts(writer));
        Assert.Throws<InvalidOperationException>(() => writer.Attach("abcdef"u8.ToArray()));
        using var native = new NativeMemory("abc");
        Assert.Throws<InvalidOperationException>(() => writer.Attach(native.Memory));
    }

    [Fact]
    public void Attach_OfMemoryThatIsNoArray_IsCopied()
    {
        var writer = new RowWriter(Small);
        using var native = new NativeMemory("[1]\n[22]\n");
        writer.Attach(native.Memory);
        writer.Add(0, 3);
        writer.Add(4, 4);
        native.Memory.Span.Fill((byte)'?');
        Assert.Equal(["[1]", "[22]"], Texts(writer));
        Assert.Equal(9, writer.BufferedBytes);
    }

    [Fact]
    public void Scratch_GrowsWithRowsInPlace_AndShrinksBack()
    {
        var writer = new RowWriter(JsonRowStreamOptions.Default with { MaxBufferedBytes = 4096 });
        string[] expected = new string[300];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = new string((char)('a' + i % 26), i * 3);
            writer.Write(Encoding.ASCII.GetBytes(expected[i]));
            writer.EndRow();
        }

        Assert.Equal(expected, Texts(writer));
        Assert.Equal(expected.Sum(r => r.Length), writer.BufferedBytes);
        Assert.True(writer.GetMemory().Length + writer.BufferedBytes > 4096);
        writer.Clear();
        Assert.Equal((0, 0), (writer.Count, writer.BufferedBytes));
        Assert.Equal(4096, writer.GetMemory().Length);
        writer.Release();
    }

    [Fact]
    public void DropFirst_KeepsTheRest()
    {
        var writer = new RowWriter(Small);
        foreach (string row in new[] { "1", "22", "333" })
        {
            writer.Write(Encoding.ASCII.GetBytes(row));
            writer.EndRow();
        }

        writer.DropFirst(2);
        Assert.Equal(["333"], Texts(writer));
        Assert.Equal(3, writer.RowBytes);
        writer.DropFirst(1);
        Assert.Equal((0, 0), (writer.Count, writer.RowBytes));
    }

    [Theory]
    [InlineData("a\0b", "NUL byte at offset 1")]
    [InlineData("\u0001", null)]
    [InlineData("é", null)]
    [InlineData("", null)]
    public void Text_IsCheckedUnlessAllowed(string text, string? complaint)
    {
        byte[] row = Encoding.UTF8.GetBytes(text);
        Refused(row, complaint);
        Refused([.. row, 0xFF], complaint ?? "not valid UTF-8");

        static void Refused(byte[] row, string? complaint)
        {
            foreach (bool allow in new[] { false, true })
            {
                var writer = new RowWriter(Small with { AllowInvalidText = allow });
                writer.Attach(row);
                if (complaint is null || allow)
                {
                    writer.Add(0, row.Length);
                    Assert.Equal(1, writer.Count);
                    continue;
                }

                StreamRuntimeException error = Assert.Throws<StreamRuntimeException>(() => writer.Add(0, row.Length));
                Assert.Equal(ErrorKind.InvalidRow, error.Kind);
                Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task BufferedBytes_AreExactInEveryStep()
    {
        var source = new ScriptedRowSource()
            .Delivers("12345", "678")
            .Attaches("abc\nde\npartial")
            .Holds(1000)
            .Does((rows, _) =>
            {
                rows.Write("xyz"u8);
                rows.EndRow();
                rows.ReportHeld(7);
            })
            .Delivers("1");
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.Equal(0, stream.GetStatistics().BufferedBytes);
        foreach ((long buffered, long peak) in new[] { (8L, 8L), (14, 14), (10, 1000), (1, 1000) })
        {
            Assert.NotEmpty(await Rows.NextAsync(stream));
            Assert.Equal((buffered, peak), (stream.GetStatistics().BufferedBytes, stream.GetStatistics().PeakBufferedBytes));
        }

        Assert.Empty(await Rows.NextAsync(stream));
        Assert.Equal((0, 1000), (stream.GetStatistics().BufferedBytes, stream.GetStatistics().PeakBufferedBytes));
    }

    private static string[] Texts(RowWriter writer)
    {
        var texts = new List<string>();
        foreach (JsonRow row in new RowBatch(writer))
        {
            texts.Add(row.ToString());
        }

        return [.. texts];
    }

    /// <summary>Memory that is not over an array, as a native allocator gives.</summary>
    private sealed class NativeMemory(string text) : MemoryManager<byte>
    {
        private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);

        public override Span<byte> GetSpan() => _bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
