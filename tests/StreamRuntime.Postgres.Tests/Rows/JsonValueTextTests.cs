namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Values that a server sends, and what only a hostile one would.</summary>
public sealed class JsonValueTextTests
{
    private const uint Bool = 16;
    private const uint Int4 = 23;
    private const uint Int4Array = 1007;
    private const uint JsonArray = 199;
    private const uint TextArray = 1009;
    private const uint BoxArray = 1020;
    private const uint Date = 1082;
    private const uint Timestamp = 1114;
    private const uint TimestampWithZone = 1184;
    private const uint Numeric = 1700;

    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "-0")]
    [InlineData("10", "10")]
    [InlineData("0.10", "0.10")]
    [InlineData("1e+20", "1e+20")]
    [InlineData("1.5E-07", "1.5E-07")]
    [InlineData("NaN", "\"NaN\"")]
    [InlineData("-Infinity", "\"-Infinity\"")]
    [InlineData("", "\"\"")]
    [InlineData("-", "\"-\"")]
    [InlineData("01", "\"01\"")]
    [InlineData("+1", "\"+1\"")]
    [InlineData("1.", "\"1.\"")]
    [InlineData(".5", "\".5\"")]
    [InlineData("1e", "\"1e\"")]
    [InlineData("1e+", "\"1e+\"")]
    [InlineData("1,2", "\"1,2\"")]
    [InlineData("1\"", "\"1\\\"\"")]
    [InlineData("1 ", "\"1 \"")]
    [InlineData("0x1", "\"0x1\"")]
    public void Number_IsRawOnlyWhenItIsOne(string text, string json) => Assert.Equal(json, Encoded.Value(Numeric, text));

    [Theory]
    [InlineData(Date, "2024-02-29", "\"2024-02-29\"")]
    [InlineData(Date, "0044-03-15 BC", "\"0044-03-15 BC\"")]
    [InlineData(Date, "5874897-12-31", "\"5874897-12-31\"")]
    [InlineData(Date, "-infinity", "\"-infinity\"")]
    [InlineData(Timestamp, "2024-02-29 01:02:03", "\"2024-02-29T01:02:03\"")]
    [InlineData(Timestamp, "294276-12-31 23:59:59.999999", "\"294276-12-31T23:59:59.999999\"")]
    [InlineData(Timestamp, "4714-11-24 00:00:00 BC", "\"4714-11-24T00:00:00 BC\"")]
    [InlineData(Timestamp, "infinity", "\"infinity\"")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03+00", "\"2024-02-29T01:02:03+00:00\"")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03.5-08", "\"2024-02-29T01:02:03.5-08:00\"")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03+05:30", "\"2024-02-29T01:02:03+05:30\"")]
    [InlineData(TimestampWithZone, "1800-01-01 00:00:00+05:53:28", "\"1800-01-01T00:00:00+05:53:28\"")]
    [InlineData(TimestampWithZone, "0044-03-15 00:00:00+01 BC", "\"0044-03-15T00:00:00+01:00 BC\"")]
    public void Date_GetsItsIsoForm(uint type, string text, string json) => Assert.Equal(json, Encoded.Value(type, text));

    [Theory]
    [InlineData(Bool, "")]
    [InlineData(Bool, "true")]
    [InlineData(Bool, "1")]
    [InlineData(Date, "")]
    [InlineData(Date, "02/29/2024")]
    [InlineData(Date, "29.02.2024")]
    [InlineData(Date, "29-02-2024")]
    [InlineData(Date, "2024-02-29\"")]
    [InlineData(Date, "2024-02-29 BCE")]
    [InlineData(Date, "2024-2-29")]
    [InlineData(Date, "Infinity")]
    [InlineData(Timestamp, "2024-02-29")]
    [InlineData(Timestamp, "2024-02-29 ")]
    [InlineData(Timestamp, "2024-02-29T01:02:03")]
    [InlineData(Timestamp, "2024-02-29 01:02")]
    [InlineData(Timestamp, "2024-02-29 01:02:03.")]
    [InlineData(Timestamp, "2024-02-29 01:02:03+00")]
    [InlineData(Timestamp, "Thu Feb 29 01:02:03 2024")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03+")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03+1")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03+01:3")]
    [InlineData(TimestampWithZone, "2024-02-29 01:02:03 CET")]
    [InlineData(22u, "1  2")]
    [InlineData(22u, "1 ")]
    [InlineData(22u, " 1")]
    [InlineData(30u, "1,2")]
    [InlineData(TextArray, "")]
    [InlineData(TextArray, "a")]
    [InlineData(TextArray, "{")]
    [InlineData(TextArray, "}")]
    [InlineData(TextArray, "{}}")]
    [InlineData(TextArray, "{a")]
    [InlineData(TextArray, "{a,")]
    [InlineData(TextArray, "{a,}")]
    [InlineData(TextArray, "{,a}")]
    [InlineData(TextArray, "{a}x")]
    [InlineData(TextArray, "{a},{b}")]
    [InlineData(TextArray, "{{a}")]
    [InlineData(TextArray, "{{a},{}}")]
    [InlineData(TextArray, "{{a}b}")]
    [InlineData(TextArray, "{a{b}}")]
    [InlineData(TextArray, "{\"a}")]
    [InlineData(TextArray, "{\"a\\")]
    [InlineData(TextArray, "{\"a\\\"")]
    [InlineData(TextArray, "{\"a\\\"}")]
    [InlineData(TextArray, "{\"a\"")]
    [InlineData(TextArray, "{\"a\"b}")]
    [InlineData(TextArray, "{a\"b\"}")]
    [InlineData(TextArray, "{a\\}")]
    [InlineData(TextArray, "[1:2]{a,b}")]
    [InlineData(TextArray, "[1:2]=")]
    [InlineData(TextArray, "[1:2")]
    [InlineData(TextArray, "[x]={a}")]
    [InlineData(TextArray, "{{{{{{{a}}}}}}}")]
    [InlineData(1000u, "{\"\\t\"}")]
    [InlineData(1000u, "{t,x}")]
    [InlineData(1182u, "{2024-02-29,nope}")]
    public void Value_NoServerGives_IsRefused(uint type, string text)
    {
        var error = Assert.Throws<StreamRuntimeException>(() => Encoded.Value(type, text));
        Assert.Equal(ErrorKind.Protocol, error.Kind);
    }

    [Theory]
    [InlineData(TextArray, "{}", "[]")]
    [InlineData(TextArray, "{\"\"}", "[\"\"]")]
    [InlineData(TextArray, "{NULL,\"NULL\",null}", "[null,\"NULL\",\"null\"]")]
    [InlineData(TextArray, "{\"\\\\\"}", "[\"\\\\\"]")]
    [InlineData(TextArray, "{\"\\\"\"}", "[\"\\\"\"]")]
    [InlineData(TextArray, "{\"a\\\\\\\"b\",c}", "[\"a\\\\\\\"b\",\"c\"]")]
    [InlineData(TextArray, "{\"{a,b}\"}", "[\"{a,b}\"]")]
    [InlineData(TextArray, "{{{{{{a}}}}}}", "[[[[[[\"a\"]]]]]]")]
    [InlineData(TextArray, "[-2:-1][0:0]={{a},{b}}", "[[\"a\"],[\"b\"]]")]
    [InlineData(JsonArray, "{\"{\\\"a\\\": \\\"\\\\\\\\\\\"}\",1}", "[{\"a\": \"\\\\\"},1]")]
    [InlineData(BoxArray, "{(1,1),(0,0);(2,2),(1,1);NULL}", "[\"(1,1),(0,0)\",\"(2,2),(1,1)\",null]")]
    [InlineData(Int4Array, "{{1,NULL},{-3,4}}", "[[1,null],[-3,4]]")]
    [InlineData(22u, "", "[]")]
    [InlineData(22u, "1", "[1]")]
    [InlineData(22u, "1 -2 3", "[1,-2,3]")]
    [InlineData(30u, "1 2", "[\"1\",\"2\"]")]
    [InlineData(1006u, "{\"1 2\",3,\"\"}", "[[1,2],[3],[]]")]
    [InlineData(1013u, "{\"1 2\"}", "[[\"1\",\"2\"]]")]
    [InlineData(Int4, "7", "7")]
    [InlineData(2278u, "", "\"\"")] // void
    public void Value_BecomesJson(uint type, string text, string json) => Assert.Equal(json, Encoded.Value(type, text));
}
