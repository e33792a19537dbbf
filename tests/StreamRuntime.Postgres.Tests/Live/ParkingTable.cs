using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A table with every kind of key, in no order, and the orders that the server itself gives its rows.</summary>
internal static class ParkingTable
{
    public const int Rows = 400;

    public static readonly string[] Keys =
    [
        "id", "id desc", "big", "small desc, id", "small, id desc", "small desc, id desc", "txt, id", "txt desc, id", "txt, txt_c desc, id", "txt_c desc, id desc", "u", "u desc",
        "ts, id", "tz desc, id", "ts desc, tz, u", "d, id", "t desc, id", "num", "num desc", "half, num desc, id", "flag, id", "bin", "bin desc", "fixed, id", "nam", "o",
    ];

    public static async Task CreateAsync(LiveServer server) => await server.Cluster.PsqlAsync($"""
        create table if not exists parking as
        select id, (id * 7919) % {Rows} as big, (id % 7)::smallint as small,
               (array['a', 'B', 'á', 'A b', 'ab', '', 'Z', 'ß', 'z''', '\', '"', 'é' || chr(769)])[1 + id % 12] collate "{await CollationAsync(server)}" as txt,
               md5((id % 50)::text) collate "C" as txt_c,
               md5(id::text)::uuid as u,
               timestamp '1999-12-31 23:59:59.999999' + (id % 30) * interval '1 day 1 microsecond' as ts,
               timestamptz '1890-01-01 00:00:00+00' + (id % 9) * interval '37 years 1 microsecond' as tz,
               (date '0044-03-15 BC' + (id % 5) * 200000)::date as d,
               time '23:59:59.999999' - (id % 60) * interval '1 second' as t,
               ((id * 104729) % 1000003)::numeric / 1000 + case when id = 7 then 'NaN'::numeric else 0 end as num,
               (id % 3)::numeric(10, 2) as half,
               id % 2 = 0 as flag,
               decode(md5(id::text), 'hex') as bin,
               lpad((id % 20)::text, 3)::char(8) as fixed,
               ('n' || id)::name as nam,
               id::oid as o,
               json_build_object('i', id, 'pad', repeat('x', id % 200)) as data
        from (select (n * 257) % {Rows} + 1 as id from generate_series(1, {Rows}) n) _
        """);

    /// <summary>The numbers of all rows in the order of a key.</summary>
    public static async Task<int[]> OrderAsync(LiveServer server, string key) =>
        [.. (await server.Cluster.PsqlAsync($"select id from parking order by {key}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    /// <summary>The table's rows as they are in one json column, by a key.</summary>
    public static PostgresQuery Query(string key)
    {
        string columns = string.Join(", ", key.Split(',').Select(c => c.Trim().Split(' ')[0]));
        return PostgresQuery.From($"select data, {new PostgresQuery(columns)} from parking where id > {0}").WithKey(key);
    }

    /// <summary>Options under which each receive brings some thirty rows.</summary>
    public static JsonRowStreamOptions Options(ResumeTokenOptions? tokens = null, string? from = null) =>
        new() { MaxBufferedBytes = 4096, ResumeTokens = tokens, ResumeFrom = from };

    // The languages' own where the server was built with them.
    private static async Task<string> CollationAsync(LiveServer server) =>
        (await server.Cluster.PsqlAsync("select collname from pg_collation where collname in ('en-x-icu', 'en_US.utf8', 'C.utf8') order by collname desc limit 1")).Trim() is { Length: > 0 } name ? name : "C";
}
