using System.Net;
using System.Numerics;
using System.Text.Json;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class ParametersTests(LiveServer server)
{
    private enum Mood
    {
        Fine,
        Bad,
    }

    [Fact]
    public async Task EveryKind_WrittenToTypedColumns_ReadsBackTheSame()
    {
        await server.Cluster.PsqlAsync("""
            drop table if exists typed;
            create table typed (
                i int, b bigint, s smallint, n numeric, t text, f boolean, tz timestamptz, ts timestamp, d date, tm time, iv interval,
                u uuid, y bytea, j json, jb jsonb, r real, dp double precision, ip inet, ai int[], at text[], an numeric[], big numeric, e text, nil int);
            """);
        await using PostgresDataSource source = server.Source();
        string hostile = "it's \"quoted\" \\ $1 -- é😀\n'); drop table typed; --";
        using JsonDocument document = JsonDocument.Parse("""{"a": [1, null]}""");
        string?[] texts = ["a,b", "", null, "NULL", "{\"x\\y\"}"];
        await source.RowsOfAsync($"""
            insert into typed values (
                {int.MinValue}, {long.MaxValue}, {(short)-7}, {12345678901234567890.123456789m}, {hostile}, {true},
                {new DateTimeOffset(2024, 2, 29, 23, 0, 0, TimeSpan.FromHours(2))}, {new DateTime(1999, 12, 31, 23, 59, 59, 999)}, {new DateOnly(2024, 2, 29)},
                {new TimeOnly(1, 2, 3, 4)}, {new TimeSpan(-1, 2, 3, 4, 5)}, {new Guid("a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90")}, {new byte[] { 0, 255, 92, 39 }},
                {document}, {document.RootElement}, {1.5f}, {double.NegativeInfinity}, {IPAddress.Parse("2001:db8::1")},
                {(int[])[1, -2]}, {texts}, {(List<decimal>)[1.10m, -2m]}, {BigInteger.Pow(10, 40)}, {Mood.Bad}, {(int?)null})
            """);

        Assert.Equal(
            "-2147483648|9223372036854775807|-7|12345678901234567890.123456789|t|2024-02-29 21:00:00+00|1999-12-31 23:59:59.999|2024-02-29|01:02:03.004|-21:56:55.995"
            + "|a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90|\\x00ff5c27|{\"a\": [1, null]}|{\"a\": [1, null]}|1.5|-Infinity|2001:db8::1|{1,-2}"
            + "|{\"a,b\",\"\",NULL,\"NULL\",\"{\\\"x\\\\y\\\"}\"}|{1.10,-2}|10000000000000000000000000000000000000000|Bad|",
            await server.Cluster.PsqlAsync("select i, b, s, n, f, tz, ts, d, tm, iv, u, y, j, jb, r, dp, ip, ai, at, an, big, e, nil from typed"));
        using JsonDocument back = JsonDocument.Parse(Assert.Single(await source.RowsOfAsync($"select to_json(t) from typed where t = {hostile}")));
        Assert.Equal(hostile, back.RootElement.GetString());
    }

    [Fact]
    public async Task EveryKind_InAWhereClause_FindsItsRow()
    {
        await server.Cluster.PsqlAsync("""
            drop table if exists sought;
            create table sought as select i, i::bigint as b, i::numeric / 4 as n, 't' || i as t, i % 2 = 0 as f, date '2024-01-01' + i as d,
                timestamptz '2024-01-01 00:00+00' + i * interval '1 hour' as tz, md5(i::text)::uuid as u, int4send(i) as y, jsonb_build_object('i', i) as j
            from generate_series(1, 1000) i
            """);
        await using PostgresDataSource source = server.Source();
        string[] seven = ["""{"i":7}"""];

        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where i = {7}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where b = {7L}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where i = {(byte)7}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where n = {1.75m}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where t = {"t7"}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where f = {false} and i between {6} and {8}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where d = {new DateOnly(2024, 1, 8)}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where tz = {new DateTime(2024, 1, 1, 7, 0, 0, DateTimeKind.Utc)}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where u = {new Guid("8f14e45fceea167a5a36dedd4bea2543")}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where y = {new byte[] { 0, 0, 0, 7 }}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where j @> {"""{"i": 7}"""}"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where i = any({(int[])[7]})"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where t = any({(string[])["t7", "no"]})"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where u = any({(Guid[])[new("8f14e45fceea167a5a36dedd4bea2543")]})"));
        Assert.Empty(await source.RowsOfAsync($"select i from sought where i = {(int?)null}"));
        Assert.Empty(await source.RowsOfAsync($"select i from sought where i = any({Array.Empty<int>()})"));
        Assert.Equal(seven, await source.RowsOfAsync($"select i from sought where i = 7 and {(string?)null}::text is null"));
    }

    [Fact]
    public async Task Parameters_OfAQueryThatIsWrapped_KeepTheirNumbers()
    {
        await using PostgresDataSource source = server.Source();
        Assert.Equal(
            ["""{"a":{"f1":2,"f2":"b"},"b":1}"""],
            await source.RowsOfAsync($"select row({2}, {"b"}::text) as a, {1} as b where {3} = 3 -- a comment"));
    }

    [Fact]
    public async Task DateParameters_WithAnotherDateStyle_MeanTheSameDay()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { SessionParameters = [new("datestyle", "SQL, DMY")] });
        Assert.Equal(
            ["""{"t":true}"""],
            await source.RowsOfAsync($"select {new DateOnly(2024, 3, 4)} = make_date(2024, 3, 4) and {new DateTime(2024, 3, 4)} = make_timestamp(2024, 3, 4, 0, 0, 0) as t"));
    }

    [Fact]
    public async Task Parameters_AsManyAsTheProtocolTakes_AllArrive()
    {
        await using PostgresDataSource source = server.Source();
        PostgresParameter[] parameters = [.. Enumerable.Range(1, ushort.MaxValue).Select(i => PostgresParameter.From(i))];
        Assert.Equal(
            [$$"""{"sum":{{1 + 32768 + 65535}}}"""],
            await source.RowsAsync(new PostgresQuery("select $1 + $32768 + $65535 as sum", parameters)));
    }

    [Fact]
    public async Task LargeParameter_OfManyMegabytes_ComesBackWhole()
    {
        await using PostgresDataSource source = server.Source();
        string large = new('é', 4 * 1024 * 1024);
        Assert.Equal([$"{{\"n\":{large.Length},\"same\":true}}"], await source.RowsOfAsync($"select length({large}) as n, {large} = repeat('é', {large.Length}) as same"));
    }
}
