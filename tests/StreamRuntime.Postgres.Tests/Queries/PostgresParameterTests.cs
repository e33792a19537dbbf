using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class PostgresParameterTests
{
    private enum Colour
    {
        Red,
        Green,
    }

    public static TheoryData<object, uint, string> Scalars => new()
    {
        { "it's", 0, "it's" },
        { 'x', 0, "x" },
        { true, 16, "t" },
        { false, 16, "f" },
        { (byte)255, 21, "255" },
        { (sbyte)-1, 21, "-1" },
        { short.MinValue, 21, "-32768" },
        { ushort.MaxValue, 23, "65535" },
        { int.MinValue, 23, "-2147483648" },
        { uint.MaxValue, 20, "4294967295" },
        { long.MinValue, 20, "-9223372036854775808" },
        { ulong.MaxValue, 1700, "18446744073709551615" },
        { BigInteger.Pow(10, 30), 1700, "1000000000000000000000000000000" },
        { -1.50m, 1700, "-1.50" },
        { 0.1f, 700, "0.1" },
        { float.NaN, 700, "NaN" },
        { 0.1 + 0.2, 701, "0.30000000000000004" },
        { double.MaxValue, 701, "1.7976931348623157E+308" },
        { -0.0, 701, "-0" },
        { double.PositiveInfinity, 701, "Infinity" },
        { double.NegativeInfinity, 701, "-Infinity" },
        { Guid.Parse("00112233-4455-6677-8899-AABBCCDDEEFF"), 2950, "00112233-4455-6677-8899-aabbccddeeff" },
        { new DateTime(2024, 2, 29, 23, 59, 59, DateTimeKind.Utc).AddTicks(9_999_999), 1184, "2024-02-29 23:59:59.999999+00" },
        { new DateTime(2024, 2, 29, 1, 2, 3, DateTimeKind.Local), 1114, "2024-02-29 01:02:03.000000" },
        { DateTime.MinValue, 1114, "0001-01-01 00:00:00.000000" },
        { DateTime.MaxValue, 1114, "9999-12-31 23:59:59.999999" },
        { new DateTimeOffset(2024, 1, 1, 0, 30, 0, TimeSpan.FromHours(5.5)), 1184, "2023-12-31 19:00:00.000000+00" },
        { new DateOnly(33, 1, 2), 1082, "0033-01-02" },
        { new TimeOnly(1, 2, 3, 4, 5), 1083, "01:02:03.004005" },
        { TimeSpan.Zero, 1186, "00:00:00.000000" },
        { TimeSpan.FromHours(-25.5), 1186, "-25:30:00.000000" },
        { TimeSpan.MinValue, 1186, "-256204778:48:05.477580" },
        { TimeSpan.MaxValue, 1186, "256204778:48:05.477580" },
        { new byte[] { 0, 0xAB }, 17, "\\x00ab" },
        { Array.Empty<byte>(), 17, "\\x" },
        { new ReadOnlyMemory<byte>([1]), 17, "\\x01" },
        { new Memory<byte>([1]), 17, "\\x01" },
        { new ArraySegment<byte>([1, 2, 3], 1, 1), 17, "\\x02" },
        { Colour.Green, 0, "Green" },
        { JsonElement.Parse("{\"a\": 1.00}"), 0, "{\"a\": 1.00}" },
        { JsonDocument.Parse("[null ]"), 0, "[null ]" },
        { IPAddress.IPv6Loopback, 0, "::1" },
    };

    public static TheoryData<object, uint, string> Arrays => new()
    {
        { new List<string> { "a", "", "NULL", "q\"b\\c", "{x,y}" }, 0, """{"a","","NULL","q\"b\\c","{x,y}"}""" },
        { new string?[] { null, "x" }, 0, """{NULL,"x"}""" },
        { new List<int> { 1, -2 }, 1007, """{"1","-2"}""" },
        { new int?[] { 1, null }, 1007, """{"1",NULL}""" },
        { new List<int?> { null }, 1007, "{NULL}" },
        { Array.Empty<long>(), 1016, "{}" },
        { new List<bool>(), 1000, "{}" },
        { new List<DateTime>(), 0, "{}" },
        { new sbyte[] { -1 }, 1005, """{"-1"}""" },
        { new List<uint> { 4294967295 }, 1016, """{"4294967295"}""" },
        { new List<float> { 1.5f, float.NaN }, 1021, """{"1.5","NaN"}""" },
        { new List<double> { 1.5 }, 1022, """{"1.5"}""" },
        { new List<decimal> { 1.5m }, 1231, """{"1.5"}""" },
        { new[] { Guid.Empty }, 2951, """{"00000000-0000-0000-0000-000000000000"}""" },
        { new[] { DateTime.MinValue }, 1115, """{"0001-01-01 00:00:00.000000"}""" },
        { new[] { DateTimeOffset.UnixEpoch }, 1185, """{"1970-01-01 00:00:00.000000+00"}""" },
        { new[] { DateOnly.MinValue }, 1182, """{"0001-01-01"}""" },
        { new[] { TimeOnly.MinValue }, 1183, """{"00:00:00.000000"}""" },
        { new[] { TimeSpan.Zero }, 1187, """{"00:00:00.000000"}""" },
        { new byte[][] { [1], [] }, 1001, """{"\\x01","\\x"}""" },
        { new[] { Colour.Red }, 0, """{"Red"}""" }, // to the runtime also an int[]
        { new List<Colour> { Colour.Green }, 0, """{"Green"}""" },
        { new object?[] { 1, null, 2 }, 1007, """{"1",NULL,"2"}""" },
    };

    [Theory]
    [MemberData(nameof(Scalars))]
    [MemberData(nameof(Arrays))]
    public void From_Value_HasItsTypeAndText(object value, uint oid, string text)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat.NumberDecimalSeparator = ",";
        odd.NumberFormat.NegativeSign = "~";
        odd.DateTimeFormat.TimeSeparator = ".";
        odd.NumberFormat.NaNSymbol = "?";
        try
        {
            CultureInfo.CurrentCulture = odd;
            Assert.Equal(new PostgresParameter(oid, text), PostgresParameter.From(value));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void From_Null_HasTheTypeItsValuesHave()
    {
        Assert.Equal(new PostgresParameter(23, null), PostgresParameter.From<int?>(null));
        Assert.Equal(new PostgresParameter(17, null), PostgresParameter.From<byte[]?>(null));
        Assert.Equal(new PostgresParameter(1005, null), PostgresParameter.From<sbyte[]?>(null));
        Assert.Equal(new PostgresParameter(0, null), PostgresParameter.From<DateTime?>(null)); // timestamp or timestamptz
        Assert.Equal(new PostgresParameter(0, null), PostgresParameter.From<Colour?>(null));
        Assert.Equal(new PostgresParameter(0, null), PostgresParameter.From<string?>(null));
        Assert.Equal(new PostgresParameter(0, null), PostgresParameter.From<object?>(null));
    }

    [Fact]
    public void From_RandomDoubles_ReadBackTheSame()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        for (int round = 0; round < 10_000; round++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            Assert.Equal(value, double.Parse(PostgresParameter.From(value).Text!, CultureInfo.InvariantCulture));
        }
    }

    public static TheoryData<object, string> Unsupported => new()
    {
        { new Uri("http://a/"), "System.Uri" },
        { new object(), "System.Object" },
        { new Dictionary<string, int>(), "Dictionary" },
        { new int[1, 1], "System.Int32[,]" },
        { new int[][] { [1] }, "System.Int32[]" },
        { new object[] { new Uri("http://a/") }, "System.Uri" },
        { (Colour)9, "9" },
        { default(JsonElement), "JsonElement" },
        { new object[] { 1, "a" }, "several" },
        { new[] { DateTime.MinValue, DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc) }, "several" },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void From_Unsupported_NamesIt(object value, string part)
    {
        var error = Assert.Throws<StreamRuntimeException>(() => PostgresParameter.From(value));
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
