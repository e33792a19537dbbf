using System.Data;
using System.Text;
using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>What a row is: an object, or the JSON of its one column.</summary>
public sealed class RowShapeTests
{
    private static readonly ScriptedColumn Json = new("data", typeof(string), "json");
    private static readonly ScriptedColumn Text = new("data", typeof(string), "nvarchar(4000)");
    private static readonly ScriptedColumn Number = new("n", typeof(int), "int");

    [Theory]
    [InlineData("json")]
    [InlineData("JSON")]
    [InlineData("jsonb")]
    public async Task OneColumnOfJson_IsPassedThrough(string typeName)
    {
        string[] rows = await ReadAsync(new ScriptedReader([Json with { TypeName = typeName }], [" {\"a\":\n1} "], [null], ["[1]"], [DBNull.Value]));
        Assert.Equal([" {\"a\":\n1} ", "null", "[1]", "null"], rows);
    }

    [Fact]
    public async Task OneColumnOfText_IsAnObject_UnlessItIsSaidToBeJson()
    {
        ScriptedReader Reader() => new([Text], ["{\"a\":\"é\"}"]);
        Assert.Equal(["{\"data\":\"{\\\"a\\\":\\\"é\\\"}\"}"], await ReadAsync(Reader()));
        Assert.Equal(["{\"a\":\"é\"}"], await ReadAsync(Reader(), new() { SingleColumn = SingleColumnForm.Json }));
        Assert.Equal(["{\"a\":\"é\"}"], await ReadAsync(Reader(), new() { JsonColumns = ["data"] }));
        Assert.Equal(["{\"data\":{\"a\":\"é\"}}"], await ReadAsync(Reader(), new() { JsonColumns = ["data"], SingleColumn = SingleColumnForm.Wrapped }));
        Assert.Equal(["{\"data\":\"{\\\"a\\\":\\\"é\\\"}\"}"], await ReadAsync(Reader(), new() { JsonColumns = ["Data"] }));
    }

    [Fact]
    public async Task OneColumnOfJson_AsAnObject_HoldsTheJson() => Assert.Equal(
        ["{\"data\":[1, 2]}", "{\"data\":null}"],
        await ReadAsync(new ScriptedReader([Json], ["[1, 2]"], [null]), new() { SingleColumn = SingleColumnForm.Wrapped }));

    [Fact]
    public async Task SeveralColumns_AreAnObjectWithTheirNames_JsonAmongThem() => Assert.Equal(
        ["{\"n\":1,\"data\":{\"x\":[]},\"n\":-2,\"\\\"\\n\":\"a\"}", "{\"n\":null,\"data\":null,\"n\":null,\"\\\"\\n\":null}"],
        await ReadAsync(new ScriptedReader([Number, Json, Number, Text with { Name = "\"\n" }], [1, "{\"x\":[]}", -2, "a"], [null, null, null, null])));

    [Fact]
    public async Task NoColumns_AreEmptyObjects() => Assert.Equal(["{}", "{}"], await ReadAsync(new ScriptedReader([], [], [])));

    [Fact]
    public async Task NoRows_CompleteAtOnce()
    {
        var reader = new ScriptedReader([Number]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        Assert.Empty(await Rows.AllAsync(stream));
        Assert.Equal(StreamState.Complete, stream.State);
        Assert.Equal(1, reader.Closings);
    }

    [Fact]
    public async Task SeveralResults_OnlyTheFirstIsRead()
    {
        using var first = new DataTable();
        first.Columns.Add("a", typeof(int));
        first.Rows.Add(1);
        using var second = new DataTable();
        second.Columns.Add("b", typeof(string));
        second.Rows.Add("x");
        using var reader = new DataTableReader([first, second]);

        await using (JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { LeavesReaderOpen = true }))
        {
            Assert.Equal(["{\"a\":1}"], await Rows.AllAsync(stream));
        }

        Assert.True(reader.NextResult());
        await using JsonRowStream next = JsonRowStream.FromDataReader(reader);
        Assert.Equal(["{\"b\":\"x\"}"], await Rows.AllAsync(next));
        Assert.True(reader.IsClosed);
    }

    [Theory]
    [InlineData("1}, {", true)]
    [InlineData("", true)]
    [InlineData("[1", true)]
    [InlineData("1 2", true)]
    [InlineData(" [1, {\"a\": null}] ", false)]
    public async Task TextSaidToBeJsonInAnObject_IsChecked(string text, bool isRefused)
    {
        var reader = new ScriptedReader([Number, Text], [1, "1"], [2, text]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { JsonColumns = ["data"] });
        if (isRefused)
        {
            Assert.Equal(["{\"n\":1,\"data\":1}"], await Rows.NextAsync(stream));
            StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
            Assert.Equal(ErrorKind.InvalidRow, error.Kind);
            Assert.Contains("2 \"data\"", error.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(["{\"n\":1,\"data\":1}", $"{{\"n\":2,\"data\":{text}}}"], await Rows.AllAsync(stream));
        }
    }

    [Fact]
    public async Task NothingWhereJsonShouldBe_IsRefused()
    {
        await using JsonRowStream stream = JsonRowStream.FromDataReader(new ScriptedReader([Json], [""]));
        Assert.Equal(ErrorKind.InvalidRow, (await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream))).Kind);
    }

    [Fact]
    public async Task JsonWithNul_IsRefusedUnlessAllowed()
    {
        await using JsonRowStream refused = JsonRowStream.FromDataReader(new ScriptedReader([Json], ["\"a\0\""]));
        Assert.Equal(ErrorKind.InvalidRow, (await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(refused))).Kind);
        await using JsonRowStream allowed = JsonRowStream.FromDataReader(new ScriptedReader([Json], ["\"a\0\""]), options: new() { AllowInvalidText = true });
        Assert.Equal(["\"a\0\""], await Rows.NextAsync(allowed));
    }

    [Fact]
    public async Task JsonWithLineBreaks_IsOneLine()
    {
        await using JsonRowStream stream = JsonRowStream.FromDataReader(new ScriptedReader([Json], ["{\r\n\"a\":1}"], ["2"]));
        using var output = new MemoryStream();
        await stream.CopyToAsync(output);
        Assert.Equal("{  \"a\":1}\n2\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Text_IsTakenAsCharacters_WhereTheProviderHasThem(bool hasChars)
    {
        string text = string.Concat(Enumerable.Range(0, 9000).Select(i => i % 7 == 0 ? "\U0001F600" : i % 5 == 0 ? "\"" : "é"));
        var reader = new ScriptedReader([Text, Number], [text, 1], ["", 2], ["x" + text, 3]) { HasChars = hasChars };
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        string[] rows = await Rows.AllAsync(stream);
        Assert.Equal([text, "", "x" + text], rows.Select(r => System.Text.Json.JsonDocument.Parse(r).RootElement.GetProperty("data").GetString()));
        Assert.Equal(hasChars ? 0 : 3, reader.StringsMade);
    }

    [Fact]
    public async Task Bytes_AreBase64_InAsManyPiecesAsTheProviderGives()
    {
        byte[] bytes = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7))];
        ScriptedColumn[] columns = [Number, new("b", typeof(byte[])), Number];
        string row = $"{{\"n\":1,\"b\":\"{Convert.ToBase64String(bytes)}\",\"n\":2}}";
        Assert.Equal([row], await ReadAsync(new ScriptedReader(columns, [1, bytes, 2])));
        Assert.Equal([row], await ReadAsync(new ScriptedReader(columns, [1, bytes, 2]) { IsSequential = true, PieceBytes = 1234 }, new() { SequentialAccess = true }));
    }

    private static async Task<string[]> ReadAsync(ScriptedReader reader, DataReaderRowsOptions? options = null)
    {
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: options);
        return await Rows.AllAsync(stream);
    }
}
