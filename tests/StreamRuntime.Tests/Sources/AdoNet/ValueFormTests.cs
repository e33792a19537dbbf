using System.Collections;
using System.Data;
using System.Dynamic;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>The JSON of every CLR type that a provider may return, read from tables in memory.</summary>
public sealed partial class ValueFormTests
{
    public static TheoryData<string> Cases => [.. Values.Keys];

    private static Dictionary<string, (object Value, string Json)> Values { get; } = new()
    {
        ["bool true"] = (true, "true"),
        ["bool false"] = (false, "false"),
        ["sbyte"] = (sbyte.MinValue, "-128"),
        ["byte"] = (byte.MaxValue, "255"),
        ["short"] = (short.MinValue, "-32768"),
        ["ushort"] = (ushort.MaxValue, "65535"),
        ["int"] = (int.MinValue, "-2147483648"),
        ["uint"] = (uint.MaxValue, "4294967295"),
        ["long"] = (long.MinValue, "-9223372036854775808"),
        ["ulong"] = (ulong.MaxValue, "18446744073709551615"),
        ["Int128"] = (Int128.MinValue, "-170141183460469231731687303715884105728"),
        ["UInt128"] = (UInt128.MaxValue, "340282366920938463463374607431768211455"),
        ["BigInteger"] = (BigInteger.Pow(10, 60), "1" + new string('0', 60)),
        ["decimal with its scale"] = (1.500m, "1.500"),
        ["decimal"] = (decimal.MinValue, "-79228162514264337593543950335"),
        ["double"] = (0.1, "0.1"),
        ["double, largest"] = (double.MaxValue, "1.7976931348623157E+308"),
        ["double, smallest"] = (double.Epsilon, "5E-324"),
        ["double NaN"] = (double.NaN, "\"NaN\""),
        ["double infinity"] = (double.PositiveInfinity, "\"Infinity\""),
        ["double negative infinity"] = (double.NegativeInfinity, "\"-Infinity\""),
        ["float"] = (0.1f, "0.1"),
        ["float NaN"] = (float.NaN, "\"NaN\""),
        ["float negative infinity"] = (float.NegativeInfinity, "\"-Infinity\""),
        ["Half"] = ((Half)1.5, "1.5"),
        ["Half infinity"] = (Half.PositiveInfinity, "\"Infinity\""),
        ["string"] = ("a \"b\" \\ \r\n\t\b\f\u0001\u007f é 日本 \U0001F600", "\"a \\\"b\\\" \\\\ \\r\\n\\t\\b\\f\\u0001\u007f é 日本 \U0001F600\""),
        ["string, empty"] = ("", "\"\""),
        ["string with half a pair"] = ("a\ud83db", "\"a\ufffdb\""),
        ["char"] = ('"', "\"\\\"\""),
        ["char[]"] = (new[] { 'a', 'é' }, "\"aé\""),
        ["ReadOnlyMemory<char>"] = ("a\n".AsMemory(), "\"a\\n\""),
        ["Guid"] = (new Guid("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"), "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
        ["DateTime, unspecified"] = (new DateTime(2024, 2, 29, 1, 2, 3), "\"2024-02-29T01:02:03\""),
        ["DateTime with a fraction"] = (new DateTime(2024, 2, 29, 1, 2, 3).AddTicks(1_234_500), "\"2024-02-29T01:02:03.12345\""),
        ["DateTime, UTC"] = (new DateTime(2024, 2, 29, 1, 2, 0, DateTimeKind.Utc), "\"2024-02-29T01:02:00+00:00\""),
        ["DateTime, UTC, with a fraction"] = (new DateTime(2024, 2, 29, 1, 2, 0, DateTimeKind.Utc).AddMilliseconds(500), "\"2024-02-29T01:02:00.5+00:00\""),
        ["DateTime, smallest"] = (DateTime.MinValue, "\"0001-01-01T00:00:00\""),
        ["DateTime, largest"] = (DateTime.MaxValue, "\"9999-12-31T23:59:59.9999999\""),
        ["DateTimeOffset"] = (new DateTimeOffset(2024, 2, 29, 1, 2, 3, 4, TimeSpan.FromMinutes(-330)), "\"2024-02-29T01:02:03.004-05:30\""),
        ["DateOnly"] = (new DateOnly(44, 3, 15), "\"0044-03-15\""),
        ["TimeOnly"] = (new TimeOnly(23, 59, 59, 999, 900), "\"23:59:59.9999\""),
        ["TimeOnly of whole seconds"] = (new TimeOnly(10, 20, 0), "\"10:20:00\""),
        ["TimeSpan"] = (new TimeSpan(1, 2, 3, 4, 500), "\"1.02:03:04.5\""),
        ["TimeSpan, negative"] = (TimeSpan.FromMinutes(-90), "\"-01:30:00\""),
        ["byte[]"] = (new byte[] { 0, 255, 16, 1 }, "\"AP8QAQ==\""),
        ["byte[], empty"] = (Array.Empty<byte>(), "\"\""),
        ["ReadOnlyMemory<byte>"] = (new ReadOnlyMemory<byte>([1, 2, 3]), "\"AQID\""),
        ["BitArray"] = (new BitArray([true, false, true, true]), "\"1011\""),
        ["IPAddress"] = (IPAddress.Parse("2001:db8::1"), "\"2001:db8::1\""),
        ["IPNetwork"] = (IPNetwork.Parse("10.0.0.0/8"), "\"10.0.0.0/8\""),
        ["PhysicalAddress"] = (PhysicalAddress.Parse("08002B010203"), "\"08:00:2b:01:02:03\""),
        ["Uri"] = (new Uri("https://example.com/a?b"), "\"https://example.com/a?b\""),
        ["Version"] = (new Version(1, 2, 3), "\"1.2.3\""),
        ["JsonDocument"] = (JsonDocument.Parse("{\"a\": [1, 2.50]}"), "{\"a\":[1,2.50]}"),
        ["JsonElement"] = (JsonDocument.Parse("[null]").RootElement, "[null]"),
        ["JsonNode"] = (JsonNode.Parse("{\"a\":1}")!, "{\"a\":1}"),
        ["int[]"] = (new[] { 1, 2 }, "[1,2]"),
        ["int?[]"] = (new int?[] { 1, null }, "[1,null]"),
        ["int[], empty"] = (Array.Empty<int>(), "[]"),
        ["string[]"] = (new[] { "a", null, "\"" }, "[\"a\",null,\"\\\"\"]"),
        ["byte[][]"] = (new byte[][] { [1, 2, 3], [] }, "[\"AQID\",\"\"]"),
        ["int[,]"] = (new[,] { { 1, 2, 3 }, { 4, 5, 6 } }, "[[1,2,3],[4,5,6]]"),
        ["int[,,] of other bounds"] = (Bounded(), "[[[1,2]],[[3,4]]]"),
        ["int[,], empty"] = (new int[0, 3], "[]"),
        ["List<int>"] = (new List<int> { 1, 2 }, "[1,2]"),
        ["object[]"] = (new object[] { 1, "a", DBNull.Value, new object[] { 2m } }, "[1,\"a\",null,[2]]"),
        ["Dictionary<string, string?>"] = (new Dictionary<string, string?> { ["a"] = "1", ["\""] = null }, "{\"a\":\"1\",\"\\\"\":null}"),
        ["Dictionary<string, object?>"] = (new Dictionary<string, object?> { ["a"] = 1, ["b"] = new[] { 2 } }, "{\"a\":1,\"b\":[2]}"),
        ["Dictionary, empty"] = (new Dictionary<string, string>(), "{}"),
        ["Hashtable"] = (new Hashtable { [1] = 2 }, "{\"1\":2}"),
        ["ExpandoObject"] = (Expando(), "{\"a\":1,\"b\":{\"c\":\"x\"}}"),
        ["ValueTuple"] = ((1, "a"), "[1,\"a\"]"),
        ["a type of nobody's"] = (new Unknown(), "\"1.5\""),
        ["a type of its own"] = (new Point(1.5, double.NaN), "{\"X\":1.5,\"Y\":\"NaN\"}"),
        ["an array of a type of its own"] = (new[] { new Point(1, 2) }, "[{\"X\":1,\"Y\":2}]"),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Value_OfType_HasItsDocumentedForm(string name)
    {
        (object value, string json) = Values[name];
        using var table = new DataTable();
        table.Columns.Add("a", value.GetType());
        table.Columns.Add("b", value.GetType());
        table.Columns.Add("c", typeof(object));
        if (value is DateTime { Kind: DateTimeKind.Utc })
        {
            table.Columns[0].DateTimeMode = DataSetDateTime.Utc;
        }

        DataRow row = table.NewRow();
        (row[0], row[1], row[2]) = (value, DBNull.Value, value);
        table.Rows.Add(row);

        Assert.Equal([$"{{\"a\":{json},\"b\":null,\"c\":{json}}}"], await ReadAsync(table));
        JsonDocument.Parse($"{json}").Dispose();
    }

    [Fact]
    public async Task Value_InAnotherCulture_HasTheSameForm()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = ",", NegativeSign = "~" } };
        try
        {
            using var table = new DataTable();
            foreach (Type type in new[] { typeof(decimal), typeof(double), typeof(int), typeof(object), typeof(BigInteger) })
            {
                table.Columns.Add(null, type);
            }

            table.Rows.Add(-1.5m, -1.5, -1, new Unknown(), new BigInteger(-1));
            Assert.Equal(["{\"Column1\":-1.5,\"Column2\":-1.5,\"Column3\":-1,\"Column4\":\"1.5\",\"Column5\":-1}"], await ReadAsync(table));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public async Task Value_ThatATableWouldChange_HasItsDocumentedFormAsWell()
    {
        var reader = new ScriptedReader([new("a", typeof(double)), new("b", typeof(DayOfWeek))], [-0.0, DayOfWeek.Friday]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        Assert.Equal(["{\"a\":-0,\"b\":\"Friday\"}"], await Rows.AllAsync(stream));
    }

    [Fact]
    public async Task Strings_OfEveryLengthAroundAChunk_AreWhole()
    {
        using var table = new DataTable();
        table.Columns.Add("s", typeof(string));
        string[] texts = [.. Enumerable.Range(1018, 12).SelectMany(n => new[] { new string('x', n) + "\U0001F600\"é", new string('"', n), string.Concat(Enumerable.Repeat("\U0001F600", n)) })];
        foreach (string text in texts)
        {
            table.Rows.Add(text);
        }

        string[] rows = await ReadAsync(table);
        Assert.Equal(texts, rows.Select(r => JsonDocument.Parse(r).RootElement.GetProperty("s").GetString()));
    }

    [Fact]
    public async Task Value_NestedWithoutEnd_EndsInAnError()
    {
        var loop = new List<object>();
        loop.Add(loop);
        using var table = new DataTable();
        table.Columns.Add("a", typeof(object));
        table.Rows.Add(loop);
        Assert.Equal(ErrorKind.UnsupportedType, (await Assert.ThrowsAsync<StreamRuntimeException>(() => ReadAsync(table))).Kind);
    }

    internal static async Task<string[]> ReadAsync(DataTable table)
    {
        await using JsonRowStream stream = JsonRowStream.FromDataReader(table.CreateDataReader(), rowOptions: new DataReaderRowsOptions { ValueTypes = PointJson.Default });
        return await Rows.AllAsync(stream);
    }

    private static Array Bounded()
    {
        var array = Array.CreateInstance(typeof(int), [2, 1, 2], [-1, 7, 3]);
        int value = 0;
        foreach (int i in new[] { -1, 0 })
        {
            array.SetValue(++value, i, 7, 3);
            array.SetValue(++value, i, 7, 4);
        }

        return array;
    }

    private static ExpandoObject Expando()
    {
        IDictionary<string, object?> made = new ExpandoObject();
        made["a"] = 1;
        made["b"] = new Dictionary<string, object?> { ["c"] = "x" };
        return (ExpandoObject)made;
    }

    internal sealed record Point(double X, double Y);

    [JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
    [JsonSerializable(typeof(Point))]
    internal sealed partial class PointJson : JsonSerializerContext;

    // As providers' own types do, it formats itself in the current culture.
    private sealed class Unknown
    {
        public override string ToString() => 1.5.ToString(CultureInfo.CurrentCulture);
    }
}
