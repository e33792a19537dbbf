using System.Text;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class RowsTests(LiveServer server)
{
    private const string Types = """
        drop schema if exists shapes cascade;
        create schema shapes;
        create type shapes.mood as enum ('fine', 'so "so"', 'näh');
        create type shapes.point3 as (x int, "y z" text, m shapes.mood);
        create domain shapes.positive as int check (value > 0);
        create domain shapes.document as json;
        create domain shapes.place as shapes.point3;
        create type shapes.span as range (subtype = float8);
        """;

    [Theory]
    [InlineData("json_build_object('i', i, 'name', 'user ' || i, 'note', '\\ \"é😀')")]
    [InlineData("jsonb_build_object('i', i, 'tags', array['a', null], 'price', i / 7.0)")]
    public async Task SingleJsonColumn_ManyRows_EqualsPsqlByteForByte(string column)
    {
        int rows = LiveStreams.IsFull ? 1_000_000 : 100_000;
        string sql = $"select {column} as data from generate_series(1, {rows}) i";
        await using PostgresDataSource source = server.Source();

        byte[] ours = await source.NdjsonAsync(sql);
        byte[] expected = await server.Cluster.PsqlBytesAsync(sql);

        Assert.True(ours.AsSpan().SequenceEqual(expected), "The bytes differ from psql's.");
    }

    [Theory]
    [InlineData("select i, i::text as t, i % 2 = 0 as even from generate_series(1, 5000) i")]
    [InlineData("select from generate_series(1, 3)")]
    [InlineData("select")]
    [InlineData("values (1, 'a'), (2, null)")]
    [InlineData("select 1 as a, 2 as a, 3 as \"a\"\"\\ \n\té\"")]
    [InlineData("select 1::int2, 2::oid, 'c'::\"char\", 'n'::name, 'pg_class'::regclass, '1'::xid, '0/1'::pg_lsn, pg_sleep(0)")]
    [InlineData("select '{}'::json as a, '{\"k\": [1]}'::jsonb as b")]
    [InlineData("select null::json as a, null::text as b")]
    [InlineData("select array[[1, 2], [3, null]] as a, array[]::text[] as b, array[null, 'NULL', '', '\"'] as c, '[3:4]={5,6}'::int[] as d")]
    [InlineData("select 'NaN'::float8 as a, '-Infinity'::float4 as b, 'NaN'::numeric as c, 1e300::numeric as d, -0.0::float8 as e")]
    [InlineData("select '2024-02-29 23:59:59.999999+02'::timestamptz as a, 'infinity'::timestamp as b, '0044-03-15 BC'::date as c, '24:00'::time as d, '1 mon -2 days'::interval as e")]
    [InlineData("select '\\x00ff'::bytea as a, 'a1b2c3d4-0000-0000-0000-000000000000'::uuid as b, '10.0.0.0/8'::cidr as c, B'101' as d, '(1,2)'::point as e, 12.5::money as f")]
    [InlineData("select 'fine'::shapes.mood as m")]
    [InlineData("select m from unnest(enum_range(null::shapes.mood)) m")]
    [InlineData("select row(1, 'a', null) as r")]
    [InlineData("select row(1, 'y', 'fine')::shapes.point3 as p, array[row(2, null, null)::shapes.point3] as q")]
    [InlineData("select 5::shapes.positive as d, '{\"a\": 1}'::shapes.document as j, row(1, 'y', 'näh')::shapes.place as p")]
    [InlineData("select shapes.span(1, 2.5) as s, int4multirange(int4range(1, 3)) as m")]
    [InlineData("select p from (values (1, 'one'), (2, null)) p(a, b)")]
    [InlineData("with w as (select 1 as a, row(2) as b) select * from w; -- the end")]
    [InlineData("select oid, * from pg_class order by oid")]
    [InlineData("select * from pg_type order by oid")]
    [InlineData("select * from pg_proc order by oid")]
    [InlineData("select * from pg_attribute order by 1, attnum")]
    [InlineData("select * from pg_index order by indexrelid")]
    [InlineData("select * from pg_stats order by 1, 2, 3")]
    [InlineData("select * from pg_operator order by oid")]
    [InlineData("select * from pg_rewrite order by oid")]
    public async Task AnyOtherShape_EqualsRowToJson(string sql)
    {
        await MakeTypesAsync();
        string statement = sql.Replace("; -- the end", "", StringComparison.Ordinal);
        byte[] expected = await server.Cluster.PsqlBytesAsync($"select row_to_json(r_.*) from ({statement}) r_");
        await using PostgresDataSource source = server.Source();

        byte[] ours = await source.NdjsonAsync(sql);

        Assert.Equal(Encoding.UTF8.GetString(expected), Encoding.UTF8.GetString(ours));
        Assert.NotEmpty(ours);
    }

    [Fact]
    public async Task StatisticsViews_WithTypesOnlyTheServerKnows_EqualRowToJson()
    {
        await server.Cluster.PsqlAsync("analyze pg_class; analyze pg_proc");
        const string Sql = "select * from pg_statistic where starelid = 'pg_class'::regclass order by staattnum";
        await using PostgresDataSource source = server.Source();
        Assert.Equal(await server.Cluster.PsqlAsync($"select row_to_json(r_.*) from ({Sql}) r_"), string.Join('\n', await source.RowsAsync(Sql)));
    }

    [Theory]
    [InlineData("German")]
    [InlineData("SQL, DMY")]
    [InlineData("Postgres, MDY")]
    public async Task Dates_WithAnotherDateStyle_EqualRowToJson(string style)
    {
        PostgresOptions options = server.Options() with { SessionParameters = [new("datestyle", style)] };
        await using PostgresDataSource source = PostgresDataSource.Create(options);
        const string Sql = "select '2024-02-29'::date as d, '2024-02-29 13:14:15.5+00'::timestamptz as t, array['2024-03-01'::timestamp] as a, 1 as i";

        Assert.Equal(
            """{"d":"2024-02-29","t":"2024-02-29T13:14:15.5+00:00","a":["2024-03-01T00:00:00"],"i":1}""",
            await source.RowAsync(Sql));
    }

    [Fact]
    public async Task Dates_WithAnotherDateStyleFromStatementThatCannotBeWrapped_SaysWhatToDo()
    {
        await server.Cluster.PsqlAsync("drop table if exists dated; create table dated (at timestamptz default now())");
        PostgresOptions options = server.Options() with { SessionParameters = [new("datestyle", "German")] };
        await using PostgresDataSource source = PostgresDataSource.Create(options);

        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("insert into dated default values returning at"));

        Assert.Equal(ErrorKind.UnsupportedType, error.Kind);
        Assert.Contains("DateStyle", error.Message, StringComparison.Ordinal);
        Assert.Equal("0", await server.Cluster.PsqlAsync("select count(*) from dated"));
    }

    [Fact]
    public async Task CompositeFromStatementThatCannotBeWrapped_NamesTheColumnAndExecutesNothing()
    {
        await MakeTypesAsync();
        await server.Cluster.PsqlAsync("drop table if exists placed; create table placed (at shapes.point3)");
        await using PostgresDataSource source = server.Source();

        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("insert into placed values (row(1, 'a', 'fine')) returning at"));

        Assert.Equal(ErrorKind.UnsupportedType, error.Kind);
        Assert.Contains("\"at\"", error.Message, StringComparison.Ordinal);
        Assert.Equal("0", await server.Cluster.PsqlAsync("select count(*) from placed"));
    }

    [Fact]
    public async Task JsonNull_AndSqlNull_AreBothNull()
    {
        await using PostgresDataSource source = server.Source();
        Assert.Equal(["null", "{}", "null"], await source.RowsAsync("values (null::json), ('{}'), ('null')"));
        Assert.Equal(["null", "{}", "null"], await source.RowsAsync("values (null::jsonb), ('{}'), ('null')"));
        Assert.Equal(Enumerable.Repeat("null", 10_000), await source.RowsAsync("select null::json from generate_series(1, 10000)"));
    }

    [Fact]
    public async Task DomainOverJson_IsRawToo()
    {
        // To the protocol a domain is the type beneath it.
        await MakeTypesAsync();
        await using PostgresDataSource source = server.Source();
        Assert.Equal("""{"a": 1}""", await source.RowAsync("""select '{"a": 1}'::shapes.document as j"""));
    }

    [Fact]
    public async Task JsonWithLineBreaks_IsRawInRowsAndOneLineInNdjson()
    {
        await using PostgresDataSource source = server.Source();
        const string Sql = "select E'{\"a\":\\n1,\\r\\n\"b\": 2}'::json";
        Assert.Equal(["{\"a\":\n1,\r\n\"b\": 2}"], await source.RowsAsync(Sql));
        Assert.Equal("{\"a\": 1,  \"b\": 2}\n", Encoding.UTF8.GetString(await source.NdjsonAsync(Sql)));
    }

    [Theory]
    [InlineData("create table if not exists nothing (i int)")]
    [InlineData("update pg_class set relname = relname where false")]
    [InlineData("do $$ begin perform 1; end $$")]
    [InlineData("set work_mem = '8MB'")]
    [InlineData("select 1 as i where false")]
    [InlineData("select '{}'::json where false")]
    [InlineData("vacuum pg_am")]
    [InlineData("-- nothing at all")]
    [InlineData(";")]
    public async Task StatementWithoutRows_Completes(string sql)
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync(sql);

        Assert.False(await stream.ReadBatchAsync());

        Assert.Equal(StreamState.Complete, stream.State);
        Assert.Equal(0, stream.GetStatistics().RowsDelivered);
    }

    [Theory]
    [InlineData("show server_encoding", """{"server_encoding":"UTF8"}""")]
    [InlineData("explain (costs off) select 1", """{"QUERY PLAN":"Result"}""")]
    public async Task UtilityStatement_WithRows_IsStreamed(string sql, string row)
    {
        await using PostgresDataSource source = server.Source();
        Assert.Equal(row, await source.RowAsync(sql));
    }

    [Fact]
    public async Task DataModifyingStatement_WithReturning_StreamsAndCommitsOnce()
    {
        await server.Cluster.PsqlAsync("drop table if exists written; create table written (data jsonb)");
        await using PostgresDataSource source = server.Source();
        Assert.Equal(["{\"i\": 1}", "{\"i\": 2}"], await source.RowsAsync("insert into written select jsonb_build_object('i', i) from generate_series(1, 2) i returning data"));
        Assert.Equal("2", await server.Cluster.PsqlAsync("select count(*) from written"));
    }

    [Fact]
    public async Task SeveralStatements_AreRefusedByTheServer()
    {
        await using PostgresDataSource source = server.Source();
        var error = await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select 1; select 2"));
        Assert.Equal("42601", error.SqlState);
        Assert.Contains("multiple commands", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("copy (select i from generate_series(1, 1000000) i) to stdout")]
    [InlineData("copy pg_am from stdin")]
    public async Task Copy_IsRefusedAndLeavesNothingRunning(string sql)
    {
        await using PostgresDataSource source = server.Source("application_name=copies");
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync(sql));
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        await server.AssertIdleAsync("copies");
    }

    [Fact]
    public async Task Streams_ManyAtTheSameTime_KeepTheirRowsApart()
    {
        await using PostgresDataSource source = server.Source();
        List<string>[] results = await Task.WhenAll(Enumerable.Range(1, 20).Select(n => source.RowsAsync($"select {n} as n from generate_series(1, 3000)")));
        for (int n = 1; n <= results.Length; n++)
        {
            Assert.Equal(Enumerable.Repeat($"{{\"n\":{n}}}", 3000), results[n - 1]);
        }
    }

    [Fact]
    public async Task UnixSocket_StreamsTheSame()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Cluster.SocketConnectionString);
        await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(50_000));
        Assert.Equal(50_000, await stream.CountOnAsync(0));
        Assert.Equal("""{"inet_server_addr":null}""", await source.RowAsync("select inet_server_addr()"));
    }

    [Fact]
    public async Task TypedRows_AndLeavingTheLoop_GoOnAtTheNextRow()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(10_000));
        int last = 0;
        await foreach (JsonRow row in stream)
        {
            Assert.Equal(++last, LiveStreams.NumberOf(row));
            if (last == 777)
            {
                break;
            }
        }

        Assert.Equal(10_000, await stream.CountOnAsync(last));
        Assert.Equal(StreamState.Complete, stream.State);
    }

    private async Task MakeTypesAsync()
    {
        if (await server.Cluster.PsqlAsync("select count(*) from pg_namespace where nspname = 'shapes'") == "0")
        {
            await server.Cluster.PsqlAsync(Types);
        }
    }
}
