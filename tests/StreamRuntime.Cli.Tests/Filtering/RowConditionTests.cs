using System.Text;
using StreamRuntime.Cli.Filtering;

namespace StreamRuntime.Cli.Tests.Filtering;

public sealed class RowConditionTests
{
    [Theory]
    [InlineData(".id=5", """{"id":5}""", true)]
    [InlineData("id=5", """{"id":"5"}""", true)]
    [InlineData("id=\"5\"", """{"id":5}""", false)]
    [InlineData("id=\"5\"", """{"id":"5"}""", true)]
    [InlineData("id=5", """{"id":5.00}""", true)]
    [InlineData("id=5", """{"id":50}""", false)]
    [InlineData("id=12345678901234567890123456789012345", """{"id":12345678901234567890123456789012345}""", true)]
    [InlineData("id=12345678901234567890123456789012345", """{"id":12345678901234567890123456789012346}""", false)]
    [InlineData("a.b.c=x", """{"z":{"b":1},"a":{"q":[1,{"b":2}],"b":{"c":"x"}}}""", true)]
    [InlineData("a.b.c=x", """{"a":{"b":["c"]}}""", false)]
    [InlineData("a[2].b=x", """{"a":[1,[2,3],{"b":"x"}]}""", true)]
    [InlineData("a[3]=x", """{"a":[1]}""", false)]
    [InlineData("name=ä\"b", """{"name":"\u00e4\"b"}""", true)]
    [InlineData("x=true", """{"x":true}""", true)]
    [InlineData("x=true", """{"x":false}""", false)]
    [InlineData("x=null", """{"x":null}""", true)]
    [InlineData("x=null", """{"y":null}""", false)]
    [InlineData("x=a=b", """{"x":"a=b"}""", true)]
    [InlineData("x=", """{"x":""}""", true)]
    [InlineData(".=7", "7", true)]
    [InlineData("x={}", """{"x":{}}""", false)]
    public void Holds_ValueAtPath_ComparesIt(string condition, string row, bool expected) =>
        Assert.Equal(expected, RowCondition.Parse(condition).Holds(Encoding.UTF8.GetBytes(row)));

    [Theory]
    [InlineData("id")]
    [InlineData("=5")]
    [InlineData("a[x]=5")]
    [InlineData("a[1=5")]
    [InlineData("a..b=5")]
    public void Parse_NotACondition_SaysWhy(string text) => Assert.NotEmpty(Assert.Throws<FormatException>(() => RowCondition.Parse(text)).Message);

    [Fact]
    public void Holds_ManyRows_AllocatesNothing()
    {
        RowCondition condition = RowCondition.Parse(".user.name=anna");
        byte[] row = """{"id":1,"user":{"tags":[1,2,{"a":"b"}],"name":"\u0061nna"}}"""u8.ToArray();
        Assert.True(condition.Holds(row));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            condition.Holds(row);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
