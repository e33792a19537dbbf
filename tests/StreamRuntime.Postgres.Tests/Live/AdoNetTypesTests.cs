using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Npgsql;
using StreamRuntime.Postgres.Tests.Rows;
using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>
/// Every type of a real server through Npgsql: the object equals <c>row_to_json</c>, or the type is in the list of differences in <c>ado-net.md</c>. A listed type that
/// no longer differs fails as well, so that the list stays true.
/// </summary>
[Collection(LiveTests.Name)]
public sealed partial class AdoNetTypesTests(LiveServer server, ITestOutputHelper output) : IAsyncLifetime
{
    private const string Database = "ado_types";

    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        await server.Cluster.PsqlAsync($"drop database if exists {Database}");
        await server.Cluster.PsqlAsync($"create database {Database}");
        await server.Cluster.PsqlAsync(
            """
            create table "odd ""\ name,{" ();
            create table statistics_source (a int, b text);
            insert into statistics_source select i % 5, 'v"' || i % 5 from generate_series(1, 1000) i;
            create statistics made (ndistinct, dependencies, mcv) on a, b from statistics_source;
            analyze statistics_source;
            create type mood as enum ('sad', 'so "so"');
            create domain small as int;
            create type pair as (a int, b text);
            create type period as range (subtype = time);
            create extension hstore;
            create extension citext;
            """,
            Database);
        _source = NpgsqlDataSource.Create(string.Create(
            CultureInfo.InvariantCulture, $"Host={TestKit.Servers.PostgresCluster.Host};Port={server.Cluster.Port};Username=postgres;Database={Database};SSL Mode=Disable;Timezone=UTC"));
    }

    public async Task DisposeAsync() => await _source.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryType_EqualsRowToJson_OrIsListed(bool isSequential)
    {
        var options = new DataReaderRowsOptions { SingleColumn = SingleColumnForm.Wrapped, SequentialAccess = isSequential };
        HashSet<string> listed = ListedDifferences();
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        HashSet<string> compared = [];
        foreach ((string type, string sql) in await QueriesAsync())
        {
            compared.Add(type);
            if (await DifferenceAsync(sql, options) is { } difference && found.TryAdd(type, difference))
            {
                output.WriteLine($"{type}: {difference}");
            }
        }

        Assert.True(compared.Count > 150, $"Only {compared.Count} types were compared.");
        Assert.Empty(found.Where(f => !listed.Contains(f.Key)).Select(f => $"{f.Key} differs and is not listed: {f.Value}"));
        Assert.Empty(listed.Except(found.Keys).Select(type => $"{type} is listed and does not differ"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WholeRows_EqualRowToJson(bool isSequential)
    {
        const string Sql = """
            select i, i::text, i / 7.0 as n, repeat('"', i % 40) as q, repeat('x', i * 37 % 20000) as long, case when i % 3 = 0 then i end as maybe, i = 5 as five, array[i, null] as a,
                timestamptz '2024-02-29 01:02:03.4+05' + i * interval '1 hour' as t, json_build_object('a', repeat('y', i * 17 % 10000)) as j, jsonb_build_object('b', i) as jb, i * interval '7 days 3 hours' as iv,
                md5(i::text)::uuid as id, i::float8 / 3 as f, row(i, 'x') as r
            from generate_series(1, 2000) i
            """;
        Assert.Null(await DifferenceAsync(Sql, new DataReaderRowsOptions { SequentialAccess = isSequential }));
    }

    [Theory]
    [InlineData(false, "json")]
    [InlineData(true, "json")]
    [InlineData(false, "jsonb")]
    [InlineData(true, "jsonb")]
    public async Task OneColumnOfJson_IsTheServersOwnText(bool isSequential, string type)
    {
        // Sizes on both sides of Npgsql's buffer, and of ours.
        string value = $"case when i % 50 = 0 then null else json_build_object('i', i, 'é', repeat('x', (i * i * 7) % 30000))::{type} end";
        const string Numbers = "from generate_series(1, 1000) i";
        List<string> rows = await ReadAsync($"select {value} {Numbers}", new DataReaderRowsOptions { SequentialAccess = isSequential }, new JsonRowStreamOptions { MaxBufferedBytes = 16 * 1024 });
        string[] expected = (await server.Cluster.PsqlAsync($"select coalesce(({value})::text, 'null') {Numbers}", Database)).Split('\n');
        Assert.Equal(expected, rows);
    }

    private async Task<string?> DifferenceAsync(string sql, DataReaderRowsOptions options)
    {
        List<string> expected = await ReadAsync($"select row_to_json(rows_) from ({sql}) rows_", DataReaderRowsOptions.Default);
        List<string> actual;
        try
        {
            // Types without a binary form the server itself refuses, as Npgsql asks for no other.
            actual = await ReadAsync(sql, options);
        }
        catch (StreamRuntimeException failure) when (failure.Kind == ErrorKind.UnsupportedType || failure.SqlState == "42883")
        {
            return failure.Message;
        }

        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            if (!JsonEquality.AreEqual(expected[i], actual[i]))
            {
                return $"{Short(actual[i])} instead of {Short(expected[i])}";
            }
        }

        return null;
    }

    private async Task<List<string>> ReadAsync(string sql, DataReaderRowsOptions rowOptions, JsonRowStreamOptions? options = null)
    {
        await using NpgsqlCommand command = _source.CreateCommand(sql);
        await using JsonRowStream stream = await command.StreamJsonRowsAsync(rowOptions, options);
        return await stream.RestAsync();
    }

    /// <summary>Queries of one column v, by the type they are of.</summary>
    private async Task<List<(string Type, string Sql)>> QueriesAsync()
    {
        List<(string Type, string Sql)> queries = [];
        foreach (string[] type in await CatalogAsync(
            """
            select t.typname, t.typdelim, coalesce(a.typname, '') from pg_type t left join pg_type a on a.oid = t.typarray
            where t.typtype in ('b', 'e', 'r', 'm') and (t.typcategory <> 'A' or t.typname in ('int2vector', 'oidvector')) and t.oid < 16384 order by t.oid
            """))
        {
            AddBuiltIn(queries, type[0], type[1], type[2]);
        }

        foreach (string[] type in await CatalogAsync(
            "select n.nspname, c.relname from pg_type t join pg_class c on c.oid = t.typrelid join pg_namespace n on n.oid = c.relnamespace where t.typtype = 'c' and t.oid < 16384 and c.relkind in ('r', 'v') order by 1, 2"))
        {
            queries.Add(("(row of a table)", $"select t as v from \"{type[0]}\".\"{type[1]}\" t limit 1"));
        }

        foreach (string[] type in await CatalogAsync(
            "select n.nspname, t.typname, b.typname from pg_type t join pg_namespace n on n.oid = t.typnamespace join pg_type b on b.oid = t.typbasetype where t.typtype = 'd' and t.oid < 16384 order by 1, 2"))
        {
            string value = type[2] switch { "int4" => "7", "timestamptz" => "'2024-01-01 00:00+02'", "varchar" when type[1] == "yes_or_no" => "'YES'", _ => "'x'" };
            queries.Add(("(domain)", $"select {value}::\"{type[0]}\".\"{type[1]}\" as v"));
        }

        queries.Add(("(enum)", "select 'so \"so\"'::mood as v"));
        queries.Add(("(enum)[]", "select array['so \"so\"', null, 'sad']::mood[] as v"));
        queries.Add(("(domain)", "select 1::small as v"));
        queries.Add(("(composite)", "select row(1, 'x')::pair as v"));
        queries.Add(("(composite)[]", "select array[row(1, 'x'), null]::pair[] as v"));
        queries.Add(("record", "select row(1, null, 'x', row(2, true), array[1, 2]) as v"));
        queries.Add(("record[]", "select array[row(1, 'x'), row(2, 'y')] as v"));
        queries.Add(("(range of one's own)", "select period('01:00', '02:00') as v"));
        queries.Add(("hstore", "select hstore(array['a', 'b \"'], array['1', null]) as v"));
        queries.Add(("citext", "select 'aB\"'::citext as v"));
        queries.Add(("void", "select pg_sleep(0) as v"));
        queries.Add(("unknown", "select 'x' as v, null as w"));
        return queries;
    }

    private static void AddBuiltIn(List<(string Type, string Sql)> queries, string type, string delimiter, string arrayType)
    {
        if (BuiltInValues.Made.TryGetValue(type, out string? made))
        {
            queries.Add((type, made));
            return;
        }

        Assert.True(BuiltInValues.Typed.TryGetValue(type, out string[]? values), $"There are no values to test type {type} with.");
        queries.Add((type, $"select null::{Quoted(type)} as v"));
        queries.AddRange(values.Select(v => (type, $"select {Literal(v)}::{Quoted(type)} as v, 1 as after")));
        string array = type + "[]";
        queries.Add((array, $"select '{{}}'::{Quoted(arrayType)} as v"));
        queries.Add((array, $"select '{{NULL}}'::{Quoted(arrayType)} as v"));
        foreach (string value in values)
        {
            queries.Add((array, $"select {Literal(ArrayText([value, null], delimiter))}::{Quoted(arrayType)} as v"));
            string row = ArrayText([value, value, value], delimiter);
            queries.Add((array, $"select {Literal($"{{{row}{delimiter}{row}}}")}::{Quoted(arrayType)} as v"));
        }
    }

    private async Task<List<string[]>> CatalogAsync(string sql)
    {
        string rows = await server.Cluster.PsqlAsync(sql, Database);
        return [.. rows.Split('\n').Select(r => r.Split('|'))];
    }

    /// <summary>The types of the list in the documentation, in its own words.</summary>
    private static HashSet<string> ListedDifferences([CallerFilePath] string here = "")
    {
        string page = File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../../src/StreamRuntime/Sources/ado-net.md"));
        string list = page[page.IndexOf("## What differs from row_to_json", StringComparison.Ordinal)..];
        return [.. ListLine().Matches(list).SelectMany(l => TypeName().Matches(l.Groups[1].Value).Select(t => t.Groups[1].Value))];
    }

    private static string Short(string text) => text.Length <= 120 ? text : $"{text[..120]}… ({text.Length})";

    private static string Literal(string text) => "E'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";

    private static string Quoted(string type) => $"pg_catalog.\"{type}\"";

    private static string ArrayText(IEnumerable<string?> elements, string delimiter) =>
        "{" + string.Join(delimiter, elements.Select(e => e is null ? "NULL" : "\"" + e.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"")) + "}";

    [GeneratedRegex(@"^\| (`[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex ListLine();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex TypeName();
}
