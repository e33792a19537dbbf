using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class PreparableStatementTests
{
    [Theory]
    [InlineData("select 1")]
    [InlineData("  -- why\n /* and how */ SELECT now(), 'snow'::text is null or current_date = $1 -- 'today'")]
    [InlineData("((select 1) union select 2)")]
    [InlineData("with a as (select 1) select * from a where x = 'it''s'", true)]
    [InlineData("values (1), (2)")]
    [InlineData("table t")]
    [InlineData("insert into t values ($1) returning i")]
    [InlineData("select $tag$ plain $tag$")]
    [InlineData("select a, b from mine.f($1)")]
    [InlineData("select count(*), f(x) from t group by x")]
    [InlineData("select * from generate_series(1, 3)")]
    public void ThatMeansTheSameAlways_IsPreparable(string sql, bool isPlain = false)
    {
        // 'snow' holds a word that it does not mean: doubt, which costs speed only.
        bool expected = isPlain || !sql.Contains("'snow'", StringComparison.Ordinal);
        Assert.Equal(expected, PreparableStatement.IsPreparable(sql, standardStrings: true));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-- nothing")]
    [InlineData("explain select 1")]
    [InlineData("execute mine(1)")]
    [InlineData("fetch all from c")]
    [InlineData("show work_mem")]
    [InlineData("call p()")]
    [InlineData("deallocate all")]
    [InlineData("\"select\" 1")]
    [InlineData("select * from f()")]
    [InlineData("select (x).* from f /* returns a table's rows */ (1) x")]
    [InlineData("select distinct * from \"count\"(1)")]
    [InlineData("select * from t where day = 'today'")]
    [InlineData("select 'NOW'::timestamptz")]
    [InlineData("select date $$Yesterday$$")]
    [InlineData("select timestamp E'\\x6eow'")]
    [InlineData("select timestamp U&'\\006eow'")]
    [InlineData("select timestamp 'tom'\n'orrow'")]
    public void ThatMayMeanAnotherThingTomorrow_IsNot(string sql) => Assert.False(PreparableStatement.IsPreparable(sql, standardStrings: true));

    [Fact]
    public void BackslashInAPlainString_EscapesWhereTheSessionSaysSo()
    {
        const string Sql = @"select '\' , 'today' --'";
        Assert.False(PreparableStatement.IsPreparable(Sql, standardStrings: false));
        Assert.False(PreparableStatement.IsPreparable(Sql, standardStrings: true));
    }
}
