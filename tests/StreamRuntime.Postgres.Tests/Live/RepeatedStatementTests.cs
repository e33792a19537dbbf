using StreamRuntime.Postgres.DataSources;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class RepeatedStatementTests(LiveServer server)
{
    [Theory]
    [InlineData("select json_build_object('i', i) from generate_series(1, 3) i")]
    [InlineData("select i, now() is not null as t, array[i] as a from generate_series(1, 3) i")]
    [InlineData("select (i, 'x')::repeated.pair as p from generate_series(1, 3) i")]
    [InlineData("select from generate_series(1, 3)")]
    [InlineData("-- nothing")]
    [InlineData("set application_name = 'repeated'")]
    [InlineData("create table if not exists repeated.made (i int)")]
    public async Task EveryRun_GivesTheSame(string sql)
    {
        await server.Cluster.PsqlAsync("create schema if not exists repeated; drop type if exists repeated.pair; create type repeated.pair as (a int, b text)");
        await using PostgresDataSource source = server.Source();
        List<string> first = await source.RowsAsync(sql);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(first, await source.RowsAsync(sql));
        }
    }

    [Fact]
    public async Task TableAlteredInBetween_GivesItsNewColumns()
    {
        await server.Cluster.PsqlAsync("drop table if exists altered; create table altered as select '{\"i\":1}'::json as data");
        await using PostgresDataSource source = server.Source();
        const string Sql = "select * from altered";
        Assert.Equal(["{\"i\":1}"], await source.RowsAsync(Sql));
        Assert.Equal(["{\"i\":1}"], await source.RowsAsync(Sql));

        await server.Cluster.PsqlAsync("alter table altered add column n int default 7");
        Assert.Equal(["{\"data\":{\"i\":1},\"n\":7}"], await source.RowsAsync(Sql));
        Assert.Equal(["{\"data\":{\"i\":1},\"n\":7}"], await source.RowsAsync(Sql));

        await server.Cluster.PsqlAsync("alter table altered drop column n");
        Assert.Equal(["{\"i\":1}"], await source.RowsAsync(Sql));

        await server.Cluster.PsqlAsync("create type altered_mood as enum ('fine'); alter table altered add column m altered_mood default 'fine'");
        var changed = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync(Sql));
        Assert.True(changed.IsTransient);
        Assert.Equal(["{\"data\":{\"i\":1},\"m\":\"fine\"}"], await source.RowsAsync(Sql));
    }

    [Fact]
    public async Task RefusedAgain_IsTheSameError()
    {
        await using PostgresDataSource source = server.Source();
        await server.Cluster.PsqlAsync("drop table if exists short_lived; create table short_lived (i int)");
        Assert.Empty(await source.RowsAsync("select i from short_lived"));
        await server.Cluster.PsqlAsync("drop table short_lived");
        for (int i = 0; i < 2; i++)
        {
            var refused = await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select i from short_lived"));
            Assert.Equal("42P01", refused.SqlState);
        }
    }
}
