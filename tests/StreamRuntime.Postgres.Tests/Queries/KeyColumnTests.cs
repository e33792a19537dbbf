using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class KeyColumnTests
{
    [Fact]
    public void ParseAll_NamesAndDirections_AreReadAsInSql() => Assert.Equal(
        [new("created_at", true), new("id", false), new("B\"c", false), new("äÖ", true)],
        KeyColumn.ParseAll("Created_At DESC, id , \"B\"\"c\" asc, äÖ desc"));

    [Fact]
    public void Quoted_QuotationMark_IsDoubled() => Assert.Equal("\"B\"\"c\"", new KeyColumn("B\"c", false).Quoted);

    [Theory]
    [InlineData("")]
    [InlineData("a,")]
    [InlineData("a b")]
    [InlineData("a desc desc")]
    [InlineData("a; drop table t")]
    [InlineData("lower(a)")]
    [InlineData("a.b")]
    [InlineData("\"a")]
    [InlineData("1")]
    [InlineData("a, A")]
    public void ParseAll_AnythingElse_IsRefused(string key) =>
        Assert.Equal(ErrorKind.Configuration, Assert.Throws<StreamRuntimeException>(() => KeyColumn.ParseAll(key)).Kind);
}
