using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class TableScanTests
{
    [Theory]
    [InlineData("select a from t", "a", "t", null)]
    [InlineData("SELECT a, \"B\"\"c\", * FROM s.\"T t\" ; ", "a, \"B\"\"c\", *", "s.\"T t\"", null)]
    [InlineData("table t", "*", "t", null)]
    [InlineData("/* c */ select * from t where a = 'order by' and b in (select c from u order by c limit 1) -- end", "*", "t", "a = 'order by' and b in (select c from u order by c limit 1)")]
    [InlineData("select * from t where id = $1 or x", "*", "t", "id = $1 or x")]
    public void TryParse_PlainReadOfOneTable_IsTakenApart(string sql, string columns, string table, string? condition) =>
        Assert.Equal(new TableScan(columns, table, condition), TableScan.TryParse(sql));

    [Theory]
    [InlineData("select count(*) from t")]
    [InlineData("select a + 1 from t")]
    [InlineData("select a x from t")]
    [InlineData("select distinct a from t")]
    [InlineData("select a from t order by a")]
    [InlineData("select a from t limit 1")]
    [InlineData("select a from t where b limit 1")]
    [InlineData("select a from t where b group by a")]
    [InlineData("select a from t where b union all select 1")]
    [InlineData("select a from t where b for update")]
    [InlineData("select a from t where")]
    [InlineData("select a from t where b)")]
    [InlineData("select a from t where (b")]
    [InlineData("select a from t where b; drop table t")]
    [InlineData("select a from t, u")]
    [InlineData("select a from t join u using (a)")]
    [InlineData("select a from t x")]
    [InlineData("select a from only t")]
    [InlineData("select a from f()")]
    [InlineData("select a from (select 1) t")]
    [InlineData("select a into u from t")]
    [InlineData("select a from t tablesample system (1)")]
    [InlineData("select from t")]
    [InlineData("select a from t where 'open")]
    [InlineData("with t as (select 1) select * from t")]
    [InlineData("values (1)")]
    [InlineData("")]
    public void TryParse_AnythingElse_IsNone(string sql) => Assert.Null(TableScan.TryParse(sql));

    [Fact]
    public void ToSql_ConditionAndRange_HoldTogether() => Assert.Equal(
        "select a from t where (\nx or y\n) and ctid >= $1",
        TableScan.TryParse("select a from t where x or y")!.ToSql("ctid >= $1"));

    [Fact]
    public void FromTable_Names_BecomeAQuery()
    {
        Assert.Equal("select * from shop.\"Order\"", PostgresQuery.FromTable("shop.\"Order\"").Text);
        Assert.Equal("select id, \"data\" from t", PostgresQuery.FromTable("t", "id", "\"data\"").Text);
    }

    [Theory]
    [InlineData("t; drop table u", "")]
    [InlineData("t where true", "")]
    [InlineData("t t", "")]
    [InlineData("", "")]
    [InlineData("t", "a, count(*)")]
    [InlineData("t", "a from u --")]
    public void FromTable_NoName_IsRefused(string table, string column) => Assert.Equal(
        ErrorKind.Configuration,
        Assert.Throws<StreamRuntimeException>(() => PostgresQuery.FromTable(table, column.Length > 0 ? [column] : [])).Kind);
}
