using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class RowKeyTests
{
    [Theory]
    [InlineData("id", "\"id\"")]
    [InlineData("ID", "\"id\"")]
    [InlineData("\"ID\"", "\"ID\"")]
    [InlineData("created_at desc, id", "\"created_at\" desc, \"id\"")]
    [InlineData("a ASC,b DeSc , c", "\"a\", \"b\" desc, \"c\"")]
    [InlineData("\"a \"\"quoted\"\", name\" desc", "\"a \"\"quoted\"\", name\" desc")]
    [InlineData("\"desc\" desc", "\"desc\" desc")]
    [InlineData("/* the */ id -- key", "\"id\"")]
    [InlineData("Größe", "\"größe\"")]
    [InlineData("ÄGYPTEN", "\"Ägypten\"")]
    public void WithKey_ThatIsOne_IsReadAsTheServerReadsNames(string key, string read) => Assert.Equal(read, new PostgresQuery("select 1").WithKey(key).RowKey);

    [Theory]
    [InlineData("", "missing")]
    [InlineData(" ", "missing")]
    [InlineData("a,", "missing")]
    [InlineData(",a", "missing")]
    [InlineData("a,,b", "missing")]
    [InlineData("desc", null)]
    [InlineData("a b", "character 3")]
    [InlineData("a desc asc", "character 8")]
    [InlineData("a.b", "character 2")]
    [InlineData("lower(a)", "character 6")]
    [InlineData("1", "character 1")]
    [InlineData("'a'", "character 1")]
    [InlineData("\"\"", "character 1")]
    [InlineData("\"a", "character 1")]
    [InlineData("a; drop table b", "character 2")]
    [InlineData("a nulls first", "character 3")]
    [InlineData("a, b, A", "twice")]
    public void WithKey_ThatIsNone_IsRefused(string key, string? reason)
    {
        if (reason is null)
        {
            // A column may be called that.
            Assert.Equal("\"desc\"", new PostgresQuery("select 1").WithKey(key).RowKey);
            return;
        }

        var refused = Assert.Throws<StreamRuntimeException>(() => new PostgresQuery("select 1").WithKey(key));
        Assert.Equal(ErrorKind.Configuration, refused.Kind);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithKey_OfMoreColumnsThanAnIndexHas_IsRefused()
    {
        new PostgresQuery("select 1").WithKey(string.Join(", ", Enumerable.Range(0, 32).Select(i => $"c{i}")));
        Assert.Throws<StreamRuntimeException>(() => new PostgresQuery("select 1").WithKey(string.Join(", ", Enumerable.Range(0, 33).Select(i => $"c{i}"))));
    }

    [Fact]
    public void RowKey_WithoutOne_IsNull() => Assert.Null(new PostgresQuery("select 1").RowKey);

    [Fact]
    public void Key_OfAKeyedQuery_IsAnotherStatements()
    {
        var query = new PostgresQuery("select 1");
        Assert.NotEqual(query.Key, query.WithKey("a").Key);
        Assert.NotEqual(query.WithKey("a").Key, query.Key);
        Assert.NotEqual(query.WithKey("a").Key, query.WithKey("b").Key);
        Assert.Equal(query.WithKey("a").Key, query.WithKey("A asc").Key);
    }
}
