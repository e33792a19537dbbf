using System.Globalization;
using System.Text;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Rows;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Every built-in type of a real server: our JSON against its own <c>row_to_json</c>.</summary>
public sealed class BuiltInTypesServerTests(RowsServer server) : IClassFixture<RowsServer>, IAsyncLifetime
{
    private SimpleQueryClient _client = null!;

    public async Task InitializeAsync() => _client = await SimpleQueryClient.ConnectAsync(server.SocketDirectory, server.Port);

    public async Task DisposeAsync() => await _client.DisposeAsync();

    // One test over the whole catalog: a type that a newer server adds and nobody gave values to must fail it, not be passed over.
    [Theory]
    [InlineData("")]
    [InlineData("set timezone = 'Asia/Kolkata'; set intervalstyle = 'iso_8601'; set bytea_output = 'escape'; set extra_float_digits = 0")]
    [InlineData("set timezone = 'Africa/Monrovia'; set intervalstyle = 'sql_standard'; set datestyle = 'ISO, DMY'; set xmloption = 'content'")]
    [InlineData("set timezone = 'America/St_Johns'; set intervalstyle = 'postgres_verbose'; set extra_float_digits = -15")]
    public async Task EveryBuiltInType_EqualsRowToJson(string settings)
    {
        await _client.QueryAsync("""
            drop table if exists statistics_source;
            drop table if exists "odd ""\ name,{";
            create table "odd ""\ name,{" ();
            create table statistics_source (a int, b text);
            insert into statistics_source select i % 5, 'v"' || i % 5 from generate_series(1, 1000) i;
            create statistics made (ndistinct, dependencies, mcv) on a, b from statistics_source;
            analyze statistics_source;
            """ + settings);
        SimpleQueryClient.Result types = await _client.QueryAsync("""
            select json_build_array(t.typname, t.typdelim, a.typname)
            from pg_type t left join pg_type a on a.oid = t.typarray
            where t.typtype in ('b', 'e', 'r', 'm') and (t.typcategory <> 'A' or t.typname in ('int2vector', 'oidvector')) and t.oid < 16384
            order by t.oid
            """);
        Assert.True(types.Rows.Count > 70);

        for (int i = 0; i < types.Rows.Count; i++)
        {
            string?[] type = System.Text.Json.JsonSerializer.Deserialize<string?[]>(types.Single(i))!;
            await CompareTypeAsync(type[0]!, type[1]!, type[2]);
        }
    }

    // What of the catalog we claim to know, and what we leave to the server, by its own definitions.
    [Fact]
    public async Task TryCreate_OverTheWholeCatalog_KnowsExactlyBuiltInTypesAndTheirArrays()
    {
        await _client.QueryAsync("""
            drop schema if exists mine cascade;
            create schema mine;
            create type mine.mood as enum ('a');
            create domain mine.small as int;
            create type mine.pair as (a int, b text);
            create type mine.period as range (subtype = time);
            """);
        SimpleQueryClient.Result types = await _client.QueryAsync("""
            select json_build_array(t.oid::text, t.oid::regtype::text,
                t.oid < 10000 and (t.typtype in ('b', 'r', 'm') and coalesce(e.typtype, 'b') <> 'c' or t.typname in ('void', 'unknown', 'cstring', '_cstring')))
            from pg_type t left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
            """);
        Assert.True(types.Rows.Count > 500);

        for (int i = 0; i < types.Rows.Count; i++)
        {
            System.Text.Json.JsonElement type = System.Text.Json.JsonDocument.Parse(types.Single(i)).RootElement;
            uint oid = uint.Parse(type[0].GetString()!, CultureInfo.InvariantCulture);
            bool known = JsonObjectEncoder.TryCreate([Encoded.Column(oid)], out _) is not null;
            Assert.True(known == type[2].GetBoolean(), $"{type[1]} ({oid}) is {(known ? "known" : "not known")}");
        }
    }

    [Theory]
    [InlineData("select")]
    [InlineData("select 1 as a, 2 as a, 'x' as \"?column?\", 'y'")]
    [InlineData("select 1 as \"q\"\"b\\\t\né\", null as \"\U0001F600\", 2 as \"_\"")]
    [InlineData("select pg_sleep(0), 'literal', 'c'::cstring, array['c'::cstring, null, 'd e'::cstring], null")]
    [InlineData("select 1::information_schema.cardinal_number, 'x'::information_schema.sql_identifier, '2024-01-01 00:00+02'::information_schema.time_stamp")]
    [InlineData("select 'ab'::char(5), 'ab'::varchar(5), 1.5::numeric(10,4), b'101'::bit(3), '01:02:03.456'::time(1), array['ab']::char(5)[]")]
    [InlineData("select i, i::text, i / 7.0, repeat('\"', i % 40), case when i % 3 = 0 then i end, array[i, null], timestamptz '2024-02-29 01:02:03.4+05' + i * interval '1 hour' from generate_series(1, 3000) i")]
    [InlineData("select array[[1,2],[3,null]], array[[['a'],['b']],[['c\"'],[null]]], '[0:1][-3:-2]={{a,b},{c,d}}'::text[], '{{{{{{1}}}}}}'::int[], '{}'::int[], '{}'::text[]")]
    [InlineData("select array_fill('x'::text, array[1,2,3,1,2,1], array[0,-1,5,2,2,9]), array(select null::int from generate_series(1, 300))")]
    [InlineData("select * from pg_type")]
    [InlineData("select oid, proname, proargtypes, proallargtypes, proargmodes, proargnames, proargdefaults, proacl, prosrc from pg_proc")]
    [InlineData("select indkey, indcollation, indclass, indoption, indexprs from pg_index")]
    [InlineData("select * from information_schema.columns")]
    public Task WholeRows_EqualRowToJson(string sql) => CompareAsync(sql);

    [Fact]
    public async Task EveryControlCharacter_EqualsRowToJson()
    {
        await CompareAsync("select i, chr(i), 'a' || chr(i) || 'b', array[chr(i), 'a' || chr(i) || 'b'], array[array[chr(i)]] from generate_series(1, 600) i");
        await CompareAsync("select string_agg(chr(i), '') from generate_series(1, 600) i");
    }

    [Theory]
    [InlineData("Asia/Kolkata")]
    [InlineData("Europe/Amsterdam")]
    [InlineData("America/New_York")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Africa/Monrovia")]
    [InlineData("Pacific/Apia")]
    [InlineData("Antarctica/Troll")]
    [InlineData("<X>-15:59")]
    [InlineData("<X>+15:59")]
    public async Task TimestampsOverTheCenturies_EqualRowToJson(string zone)
    {
        await _client.QueryAsync($"set timezone = '{zone}'");
        await CompareAsync("""
            select t, t::timestamp, t::date, array[t, null, t + interval '0.25s'], array[t::timestamp], array[t::date], t::timetz, tstzrange(t, null)
            from (select make_timestamptz(y, 1 + abs(y) % 12, 1 + abs(y) % 28, abs(y) % 24, abs(y) % 60, abs(y) % 60 + abs(y) % 1000 / 1000.0, 'UTC') as t
                from generate_series(-4700, 12000, 13) y where y <> 0) _
            """);
    }

    [Fact]
    public async Task RandomTexts_EqualRowToJson()
    {
        // From what array_out, escape_json and the number rule look at, so that they meet in every order.
        const int Seed = 20250611;
        var random = new Random(Seed);
        string[] pieces = ["\"", "\\", "{", "}", ",", ";", " ", "NULL", "null", "n", "u", "0", "1", "-", "e5", ".", "\n", "\t", "\u0001", "\u007f", "é", "\U0001F600", "xxxxxxxxxxxxxxxxxxxxxxxx"];
        string Text() => string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
        for (int round = 0; round < 20; round++)
        {
            string rows = string.Join(",", Enumerable.Range(0, 100).Select(_ => $"({Literal(Text())},array[[{Literal(Text())},null],[{Literal(Text())},{Literal(Text())}]])"));
            await CompareAsync($"select t, a, to_json(a) as j, array[to_json(t), null], array[to_jsonb(a)], jsonb_build_object(t, a) from (values {rows}) _(t, a)", $"seed {Seed}, round {round}");
        }
    }

    [Theory]
    [InlineData("SQL, DMY")]
    [InlineData("German")]
    [InlineData("Postgres, MDY")]
    public async Task DatesInAnotherDateStyle_AreRefusedAndCanBeWrapped(string style)
    {
        await _client.QueryAsync($"set datestyle = '{style}'");
        const string Sql = "select d from (values ('2024-02-29'::timestamptz)) _(d)";
        SimpleQueryClient.Result result = await _client.QueryAsync(Sql);
        JsonObjectEncoder encoder = Encoded.Encoder(result.Columns);

        Assert.True(encoder.NeedsIsoDates);
        var error = Assert.Throws<StreamRuntimeException>(() => Encoded.Row(encoder, result.Rows[0]));
        Assert.Equal(ErrorKind.Protocol, error.Kind);

        await CompareAsync("select daterange('2024-02-29', null), 1::money, '1 day'::interval"); // still right: text to JSON as well
        SimpleQueryClient.Result wrapped = await _client.QueryAsync(RowToJsonQuery.Wrap(Sql));
        Assert.StartsWith("{\"d\":\"2024-02-29T00:00:00", Encoding.UTF8.GetString(wrapped.Single(0)), StringComparison.Ordinal);
    }

    private async Task CompareTypeAsync(string type, string delimiter, string? arrayType)
    {
        if (BuiltInValues.Made.TryGetValue(type, out string? made))
        {
            await CompareAsync(made, type);
            if (arrayType is not null)
            {
                await CompareAsync($"select array_agg(v), array[null, null]::{Quoted(arrayType)} from ({made}) _(v)", arrayType);
            }

            return;
        }

        Assert.True(BuiltInValues.Typed.TryGetValue(type, out string[]? values), $"There are no values to test type {type} with.");
        await CompareAsync(
            $"select v, v as \"again\" from (values (null::{Quoted(type)}),{string.Join(",", values.Select(v => $"({Literal(v)}::{Quoted(type)})"))}) _(v)", type);

        Assert.NotNull(arrayType);
        string?[] all = [.. values, null];
        string flat = Array(all, delimiter);
        string[] arrays =
        [
            "{}",
            "{NULL}",
            flat,
            $"{{{flat}{delimiter}{Array(all.Reverse(), delimiter)}}}",
            $"{{{{{flat}}}{delimiter}{{{flat}}}}}",
            $"[-1:{all.Length - 2}]={flat}",
            $"[7:7][0:{all.Length - 1}]={{{flat}}}",
            .. values.Select(v => Array([v], delimiter)),
        ];
        await CompareAsync($"select v from (values {string.Join(",", arrays.Select(v => $"({Literal(v)}::{Quoted(arrayType)})"))}) _(v)", arrayType);
    }

    private async Task CompareAsync(string sql, string what = "")
    {
        SimpleQueryClient.Result plain = await _client.QueryAsync(sql);
        SimpleQueryClient.Result json = await _client.QueryAsync($"select row_to_json(rows_) from ({sql}) rows_");
        Assert.NotEmpty(plain.Rows);
        Assert.Equal(json.Rows.Count, plain.Rows.Count);
        JsonObjectEncoder? encoder = JsonObjectEncoder.TryCreate(plain.Columns, out ColumnDescription unsupported);
        Assert.True(encoder is not null, $"{what}: column {unsupported} is not supported");
        for (int i = 0; i < plain.Rows.Count; i++)
        {
            byte[] ours = Encoded.Row(encoder, plain.Rows[i]);
            if (!ours.AsSpan().SequenceEqual(json.Single(i)))
            {
                Assert.Fail($"{what}, row {i}:\nours:     {Encoding.UTF8.GetString(ours)}\nserver's: {Encoding.UTF8.GetString(json.Single(i))}");
            }
        }
    }

    private static string Literal(string text) => "E'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";

    private static string Quoted(string type) => $"pg_catalog.\"{type}\"";

    private static string Array(IEnumerable<string?> elements, string delimiter) =>
        "{" + string.Join(delimiter, elements.Select(e => e is null ? "NULL" : "\"" + e.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"")) + "}";
}
