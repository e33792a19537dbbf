using System.Text;
using StreamRuntime.Postgres.Rows;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Wrapped queries on a real server, through the protocol that our transport uses for them.</summary>
public sealed class RowToJsonQueryServerTests(RowsServer server) : IClassFixture<RowsServer>, IAsyncLifetime
{
    private const uint Json = 114;

    private SimpleQueryClient _client = null!;

    public async Task InitializeAsync()
    {
        _client = await SimpleQueryClient.ConnectAsync(server.SocketDirectory, server.Port);
        await _client.QueryAsync("""
            drop table if exists t;
            drop schema if exists wrapped cascade;
            create schema wrapped;
            create type wrapped.mood as enum ('sad', 'o"k');
            create domain wrapped.small as int check (value < 100);
            create domain wrapped.day as timestamp;
            create type wrapped.pair as (a int, "b c" text, d wrapped.small, m wrapped.mood);
            create type wrapped.period as range (subtype = time);
            create type wrapped.coin;
            create function wrapped.coin_in(cstring) returns wrapped.coin language internal immutable strict as 'int4in';
            create function wrapped.coin_out(wrapped.coin) returns cstring language internal immutable strict as 'int4out';
            create type wrapped.coin (input = wrapped.coin_in, output = wrapped.coin_out, like = int4);
            create function wrapped.coin_json(wrapped.coin) returns json language sql immutable as $$ select '{"coin": true}'::json $$;
            create cast (wrapped.coin as json) with function wrapped.coin_json(wrapped.coin);
            create table t (a int);
            insert into t values (1), (2), (3);
            """);
    }

    public async Task DisposeAsync() => await _client.DisposeAsync();

    [Theory]
    [InlineData("select 'o\"k'::wrapped.mood as m;", """{"m":"o\"k"}""")]
    [InlineData("select array['sad', null]::wrapped.mood[] as m -- moods", """{"m":["sad",null]}""")]
    [InlineData("select array[5]::wrapped.small[] as s, array['2024-01-02']::wrapped.day[] as d", """{"s":[5],"d":["2024-01-02T00:00:00"]}""")]
    [InlineData("select row(1, 'x', 5, 'sad')::wrapped.pair as p", """{"p":{"a":1,"b c":"x","d":5,"m":"sad"}}""")]
    [InlineData("select array[row(1, 'x', null, null)::wrapped.pair] as p", """{"p":[{"a":1,"b c":"x","d":null,"m":null}]}""")]
    [InlineData("select row(1, 'x', row(null)) as r /* ; */ ;", """{"r":{"f1":1,"f2":"x","f3":{"f1":null}}}""")]
    [InlineData("select array[row(1, 2)] as r", """{"r":[{"f1":1,"f2":2}]}""")]
    [InlineData("select t from t order by a limit 1", """{"t":{"a":1}}""")]
    [InlineData("select '[01:00,02:00)'::wrapped.period as p", """{"p":"[01:00:00,02:00:00)"}""")]
    [InlineData("select '5'::wrapped.coin as c", """{"c":{"coin": true}}""")]
    [InlineData("select most_common_vals as v from pg_stats where tablename = 'pg_class' and attname = 'relhasindex' -- anyarray", """{"v":""")]
    public async Task Wrap_WhatOnlyTheCatalogKnows_GivesItsJson(string sql, string json)
    {
        await _client.QueryAsync("analyze pg_class");
        SimpleQueryClient.Result plain = await _client.QueryAsync(sql);
        Assert.Null(JsonObjectEncoder.TryCreate(plain.Columns, out _));

        string row = Encoding.UTF8.GetString(await SingleAsync(sql));

        Assert.StartsWith(json, row, StringComparison.Ordinal);
        Assert.EndsWith("}", row, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select 1 as a;", """{"a":1}""")]
    [InlineData("select 1 as a ; -- a comment ; with ) things", """{"a":1}""")]
    [InlineData("select 1 as a -- a comment", """{"a":1}""")]
    [InlineData("select 1 /* ; ) /* ' */ */ as a", """{"a":1}""")]
    [InlineData("select $$ ; ) ' $$ as a;;", """{"a":" ; ) ' "}""")]
    [InlineData("select $x$ $$ ; $y$ $x$ as a", """{"a":" $$ ; $y$ "}""")]
    [InlineData("select E'\\';)' as a, U&'\\0041' as u, N';)' as n, B'101' as b, X'1f' as x", """{"a":"';)","u":"A","n":";)","b":"101","x":"00011111"}""")]
    [InlineData("select E'a'\n'\\'' as a", """{"a":"a'"}""")]
    [InlineData("select E'a' -- b'\n  -- c\n '\\'' as a", """{"a":"a'"}""")]
    [InlineData("select 'a\\' as a, ';)' as b", """{"a":"a\\","b":";)"}""")]
    [InlineData("select 1 as a$$, 2 as b$$", """{"a$$":1,"b$$":2}""")]
    [InlineData("select 1 as \";)\", 2 as \"q\"\"(\"", """{";)":1,"q\"(":2}""")]
    [InlineData("select 1 as _", """{"_":1}""")]
    [InlineData("select row(1) as _", """{"_":{"f1":1}}""")]
    [InlineData("select 1 as a, 2 as a", """{"a":1,"a":2}""")]
    [InlineData("select", "{}")]
    [InlineData("with x as (select 7 as a) select * from x", """{"a":7}""")]
    [InlineData("values (1, 'x')", """{"column1":1,"column2":"x"}""")]
    [InlineData("select 1 +-- ;)\n 2 as a", """{"a":3}""")]
    [InlineData("select 1 -- ;)\r + 2 as a", """{"a":3}""")]
    public async Task Wrap_TextsTheScannerMustRead_MeanTheSameToTheServer(string sql, string json) =>
        Assert.Equal(json, Encoding.UTF8.GetString(await SingleAsync(sql)));

    [Fact]
    public async Task Wrap_WithoutStandardStrings_MeansTheSameToTheServer()
    {
        await _client.QueryAsync("set standard_conforming_strings = off; set escape_string_warning = off");
        string wrapped = RowToJsonQuery.Wrap(@"select 'a\' ; drop table t; --' as a, B'1' as b;", standardConformingStrings: false);
        Assert.Equal("""{"a":"a' ; drop table t; --","b":"1"}""", Encoding.UTF8.GetString((await _client.QueryAsync(wrapped)).Single(0)));
    }

    [Fact]
    public async Task Wrap_OrderedQuery_KeepsItsOrder()
    {
        SimpleQueryClient.Result rows = await _client.QueryAsync(RowToJsonQuery.Wrap("select a, null::wrapped.mood as m from t order by a desc;"));
        Assert.Equal(
            ["""{"a":3,"m":null}""", """{"a":2,"m":null}""", """{"a":1,"m":null}"""],
            Enumerable.Range(0, rows.Rows.Count).Select(i => Encoding.UTF8.GetString(rows.Single(i))));
    }

    [Fact]
    public async Task Wrap_Parameters_KeepTheirNumbers()
    {
        SimpleQueryClient.Result prepared = await _client.PrepareAsync(RowToJsonQuery.Wrap("select $2::wrapped.mood as m where $1::int > 0"));
        Assert.Equal(Json, Assert.Single(prepared.Columns).TypeOid);
    }

    [Theory]
    [InlineData("select 1) _ ; drop table t; --")]
    [InlineData("select 1; drop table t")]
    [InlineData("select 'a\\') _; drop table t; --'")]
    [InlineData("select '\\'; drop table t; --'")]
    [InlineData("select $$ $$) _; drop table t; -- $$")]
    [InlineData("select E'a' '\\') _; drop table t; --'")]
    [InlineData("select 1 /* */ ) _; drop table t; /*")]
    [InlineData("select 1e5$$ ' $$ ) _; drop table t; --'")]
    public async Task Wrap_TextThatTriesToBreakOut_NeverReachesTheServer(string sql)
    {
        Assert.Throws<StreamRuntimeException>(() => RowToJsonQuery.Wrap(sql));

        // The second line of defence: the extended protocol takes one statement, so even a careless wrapping would only be an error.
        await Assert.ThrowsAsync<InvalidOperationException>(() => _client.PrepareAsync($"select row_to_json(_) from (\n{sql}\n) _"));
        Assert.Equal("3", Encoding.UTF8.GetString((await _client.QueryAsync("select count(*) from t")).Single(0)));
    }

    private async Task<byte[]> SingleAsync(string sql)
    {
        string wrapped = RowToJsonQuery.Wrap(sql);
        SimpleQueryClient.Result prepared = await _client.PrepareAsync(wrapped);
        Assert.Equal(Json, Assert.Single(prepared.Columns).TypeOid);
        SimpleQueryClient.Result rows = await _client.QueryAsync(wrapped);
        Assert.Single(rows.Rows);
        return rows.Single(0);
    }
}
