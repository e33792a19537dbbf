using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class ReadOnlyStatementTests
{
    [Theory]
    [InlineData("select data from t where id > $1")]
    [InlineData("-- delete\nselect count(*), max(x) filter (where x > 1) from t group by (a, b) having sum(a) in (1, 2)")]
    [InlineData("select json_build_object('i', i, 'update', 'insert into') from generate_series(1, 3) i")]
    [InlineData("(select \"delete\" from a) union all (values (1))")]
    [InlineData("with a as materialized (select 1) select * from a join lateral (select 2) b using (i)")]
    [InlineData("select x::numeric(10, 2), cast(y as varchar(5)) from t")]
    [InlineData("select pg_catalog.count(*), PG_CATALOG . max(x), t.left from t where t.x in (1)")]
    [InlineData("table t")]
    [InlineData("select $tag$ f() delete $tag$")]
    public void ThatOnlyReads_IsARead(string sql) => Assert.True(ReadOnlyStatement.Is(sql));

    [Theory]
    [InlineData("")]
    [InlineData("insert into t values (1) returning id")]
    [InlineData("update t set a = 1")]
    [InlineData("with d as (delete from t returning *) select * from d")]
    [InlineData("with d as (merge /* */ into t using s on (a = b) when matched then delete returning 1) select 1")]
    [InlineData("select * into copy from t")]
    [InlineData("select f(1)")]
    [InlineData("select mine.count(1) from mine.f ()")]
    [InlineData("select mine.count(1)")]
    [InlineData("select mine /* */ . -- \n upper (data) from t")]
    [InlineData("select pg_catalog.mine.count(1)")]
    [InlineData("select \"pg_catalog\".count(1)")]
    [InlineData("select \"count\"(1)")]
    [InlineData("select nextval('s')")]
    [InlineData("select set_config('a.b', 'c', false)")]
    [InlineData("select pg_notify('a', 'b')")]
    [InlineData("call p()")]
    [InlineData("do $$ begin end $$")]
    [InlineData("explain analyze delete from t")]
    [InlineData("select 1; delete from t")]
    [InlineData("values (f /* a call */ (1))")]
    public void ThatMayChangeSomething_IsNone(string sql) => Assert.False(ReadOnlyStatement.Is(sql));
}
