using System.Text;
using System.Text.Json;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Rows;

public sealed class JsonObjectEncoderTests
{
    private const uint Int4 = 23;
    private const uint Text = 25;
    private const uint Json = 114;
    private const uint TimestampWithZone = 1184;

    [Fact]
    public void Write_SeveralColumns_GivesOneObject()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Int4, "a"), Encoded.Column(Text, "b"), Encoded.Column(Json, "c"), Encoded.Column(16, "d"));

        Assert.Equal("""{"a":1,"b":"x","c":{ "k": [] },"d":true}""", RowText(encoder, "1", "x", "{ \"k\": [] }", "t"));
        Assert.Equal("""{"a":null,"b":null,"c":null,"d":null}""", RowText(encoder, null, null, null, null));
        Assert.Equal("""{"a":-7,"b":"","c":1,"d":false}""", RowText(encoder, "-7", "", "1", "f"));
    }

    [Fact]
    public void Write_NoColumns_GivesEmptyObject() => Assert.Equal("{}", RowText(Encoded.Encoder()));

    [Fact]
    public void Write_DuplicateNames_KeepsBoth() =>
        Assert.Equal("""{"a":1,"a":2}""", RowText(Encoded.Encoder(Encoded.Column(Int4, "a"), Encoded.Column(Int4, "a")), "1", "2"));

    [Fact]
    public void Write_NamesOfAnyText_AreEscaped() =>
        Assert.Equal("{\"q\\\"b\\\\t\\t\\u0001é\U0001F600 ?column?\":1}", RowText(Encoded.Encoder(Encoded.Column(Int4, "q\"b\\t\t\u0001é\U0001F600 ?column?")), "1"));

    [Fact]
    public void Write_SeveralRows_KeepsEach()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Text));
        var rows = new RowWriter(new JsonRowStreamOptions());
        string[] values = [.. Enumerable.Range(0, 2000).Select(i => new string('\n', i % 50) + i)];
        foreach (string value in values)
        {
            encoder.Write(DataRowBody.Of(value), rows);
        }

        var batch = new RowBatch(rows);
        Assert.Equal(values, Enumerable.Range(0, batch.Count).Select(i => JsonDocument.Parse(batch[i].Memory).RootElement.GetProperty("v").GetString()));
    }

    // The room is asked for by a guess; escapes make six bytes of one, so every growth path has to hold.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4_000)]
    [InlineData(100_000)]
    [InlineData(3_000_000)]
    public void Write_LongTexts_AreWhole(int length)
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Text, "a"), Encoded.Column(Text, "b"), Encoded.Column(1009, "c"));
        string escaped = new('\u0001', length);
        string plain = new('x', length);
        string row = RowText(encoder, escaped, plain, $"{{\"{new string('\\', 2 * length)}\"}}");

        string backslashes = new('\\', 2 * length);
        Assert.Equal($$"""{"a":"{{escaped.Replace("\u0001", "\\u0001", StringComparison.Ordinal)}}","b":"{{plain}}","c":["{{backslashes}}"]}""", row);
    }

    [Fact]
    public void Write_RowOfExactlyTheLimit_IsTaken()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Text));
        string[] texts = ["plain plain", "\n\n\n\n", "\u0001\u0002", "end\""];
        foreach (string text in texts)
        {
            byte[] body = DataRowBody.Of(text);
            int size = Encoded.Row(encoder, body).Length;
            Assert.Equal(size, Encoded.Row(encoder, body, Limit(size)).Length);

            var error = Assert.Throws<StreamRuntimeException>(() => Encoded.Row(encoder, body, Limit(size - 1)));
            Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
        }
    }

    // Room for an escape is asked for by the longest one, which must not count as written: a row of the limit's size may end in a short one.
    [Fact]
    public void Write_RowOfExactlyTheLimit_IsTakenWhereverItsRoomEnds()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Text));
        for (int plain = 3900; plain < 4100; plain++)
        {
            byte[] body = DataRowBody.Of(new string('\n', 40) + new string('x', plain) + "\n");
            int size = Encoded.Row(encoder, body).Length;
            Assert.Equal(size, Encoded.Row(encoder, body, Limit(size)).Length);
        }
    }

    [Fact]
    public void Write_RowFarAboveTheLimit_IsRefusedBeforeItIsCopied()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Text));
        byte[] body = DataRowBody.Of(new string('x', 64 * 1024 * 1024));
        var rows = new RowWriter(Limit(4096));

        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<StreamRuntimeException>(() => encoder.Write(body, rows));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
        Assert.InRange(allocated, 0, 8 * 1024 * 1024);
        Assert.Equal(0, rows.Count);
    }

    [Fact]
    public void Write_AfterWarmUp_AllocatesNothing()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(
            Encoded.Column(Int4, "a"), Encoded.Column(Text, "b"), Encoded.Column(TimestampWithZone, "c"), Encoded.Column(1009, "d"),
            Encoded.Column(3802, "e"), Encoded.Column(16, "f"), Encoded.Column(1700, "g"), Encoded.Column(22, "h"), Encoded.Column(1185, "i"));
        byte[] body = DataRowBody.Of(
            "12345", "some \"text\"\n", "2024-05-06 07:08:09.123+02", "{a,\"b \\\" c\",NULL}", "{\"k\": 1}", "t", "NaN", "1 2 3",
            "[2:3]={\"2024-05-06 07:08:09.123+02\",NULL}");
        var rows = new RowWriter(new JsonRowStreamOptions());
        WriteMany(encoder, body, rows);

        long before = GC.GetAllocatedBytesForCurrentThread();
        WriteMany(encoder, body, rows);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Write_EveryTruncation_IsRefused()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Int4, "a"), Encoded.Column(Text, "b"), Encoded.Column(Text, "c"));
        byte[] body = DataRowBody.Of("1", null, "text");
        for (int length = 0; length < body.Length; length++)
        {
            AssertMalformed(encoder, body[..length]);
        }

        Encoded.Row(encoder, body);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(short.MaxValue)]
    [InlineData(short.MinValue)]
    public void Write_OtherColumnCount_IsRefused(short count)
    {
        byte[] body = DataRowBody.Of("1", "2");
        body[0] = (byte)(count >> 8);
        body[1] = (byte)count;
        AssertMalformed(Encoded.Encoder(Encoded.Column(Int4, "a"), Encoded.Column(Int4, "b")), body);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(5)]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(0)]
    public void Write_LengthThatLies_IsRefused(int length)
    {
        byte[] body = DataRowBody.Of("abcd");
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(2), length);
        AssertMalformed(Encoded.Encoder(Encoded.Column(Text)), body);
    }

    [Fact]
    public void Write_NegativeLengthThatIsNotNull_IsRefused() => AssertMalformed(Encoded.Encoder(Encoded.Column(Text)), [0, 1, 0xFF, 0xFF, 0xFF, 0xFE]);

    [Fact]
    public void Write_TrailingBytes_AreRefused()
    {
        AssertMalformed(Encoded.Encoder(Encoded.Column(Text)), [.. DataRowBody.Of("abcd"), 0]);
        AssertMalformed(Encoded.Encoder(), [0, 0, 0]);
    }

    [Fact]
    public void Write_MalformedRow_LeavesEarlierRows()
    {
        JsonObjectEncoder encoder = Encoded.Encoder(Encoded.Column(Text, "a"), Encoded.Column(16, "b"));
        var rows = new RowWriter(new JsonRowStreamOptions());
        encoder.Write(DataRowBody.Of("1", "t"), rows);

        var error = Assert.Throws<StreamRuntimeException>(() => encoder.Write(DataRowBody.Of(new string('\n', 9000), "maybe"), rows));

        Assert.Equal(ErrorKind.Protocol, error.Kind);
        Assert.Contains("column 2 \"b\"", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("maybe", error.Message, StringComparison.Ordinal);
        Assert.Equal("""{"a":"1","b":true}""", Encoding.UTF8.GetString(new RowBatch(rows)[0].Span));
        Assert.Equal(1, rows.Count);
    }

    [Fact]
    public void Write_TextThatIsNotUtf8_IsRefusedByTheWriter()
    {
        var error = Assert.Throws<StreamRuntimeException>(() => Encoded.Row(Encoded.Encoder(Encoded.Column(Text)), DataRowBody.Of([0xC3, 0x28])));
        Assert.Equal(ErrorKind.InvalidRow, error.Kind);
    }

    [Theory]
    [InlineData(2249u)] // record
    [InlineData(2287u)] // record[]
    [InlineData(2277u)] // anyarray
    [InlineData(71u)] // pg_type, a composite
    [InlineData(210u)] // pg_type[]
    [InlineData(13221u)] // a domain of information_schema
    [InlineData(16384u)]
    [InlineData(65536u + 25u)] // text, were the id cut to 16 bits
    [InlineData(uint.MaxValue)]
    [InlineData(0u)]
    public void TryCreate_TypeOfTheCatalog_NamesTheColumn(uint typeOid)
    {
        ColumnDescription[] columns = [Encoded.Column(Int4, "a"), Encoded.Column(typeOid, "b"), Encoded.Column(2249, "c")];

        Assert.Null(JsonObjectEncoder.TryCreate(columns, out ColumnDescription unsupported));
        Assert.Equal(columns[1], unsupported);
    }

    [Fact]
    public void TryCreate_BinaryColumn_IsRefused()
    {
        var error = Assert.Throws<StreamRuntimeException>(() => JsonObjectEncoder.TryCreate([new ColumnDescription("a", Int4, -1, 1)], out _));
        Assert.Equal(ErrorKind.Protocol, error.Kind);
    }

    [Theory]
    [InlineData(1082u, true)]
    [InlineData(1182u, true)]
    [InlineData(1114u, true)]
    [InlineData(1115u, true)]
    [InlineData(1184u, true)]
    [InlineData(1185u, true)]
    [InlineData(1083u, false)]
    [InlineData(3912u, false)] // a range of dates is text to JSON too
    [InlineData(25u, false)]
    public void NeedsIsoDates_TellsWhetherDatesAreAmongTheColumns(uint typeOid, bool expected) =>
        Assert.Equal(expected, Encoded.Encoder(Encoded.Column(Text, "a"), Encoded.Column(typeOid, "b"), Encoded.Column(Int4, "c")).NeedsIsoDates);

    private static string RowText(JsonObjectEncoder encoder, params string?[] values) => Encoding.UTF8.GetString(Encoded.Row(encoder, DataRowBody.Of(values)));

    private static JsonRowStreamOptions Limit(int maxRowBytes) => new() { MaxRowBytes = maxRowBytes };

    private static void WriteMany(JsonObjectEncoder encoder, byte[] body, RowWriter rows)
    {
        for (int i = 0; i < 1000; i++)
        {
            encoder.Write(body, rows);
            if (i % 100 == 99)
            {
                rows.Clear();
            }
        }
    }

    private static void AssertMalformed(JsonObjectEncoder encoder, byte[] body)
    {
        var rows = new RowWriter(new JsonRowStreamOptions());
        var error = Assert.Throws<StreamRuntimeException>(() => encoder.Write(body, rows));
        Assert.Equal(ErrorKind.Protocol, error.Kind);
        Assert.Equal(0, rows.Count);
    }
}
