using System.Globalization;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>The same rows twice in a private PostgreSQL: as <c>json</c> and as <c>jsonb</c>. Both send the same text.</summary>
internal static class JsonTables
{
    /// <summary>
    /// Everything in memory, and nothing that would make one run differ from the next: scans start at the first page, and no other process helps.
    /// </summary>
    private static readonly string[] Settings =
        ["shared_buffers = '1GB'", "synchronize_seqscans = off", "max_parallel_workers_per_gather = 0", "jit = off"];

    public static IReadOnlyList<string> Types { get; } = ["json", "jsonb"];

    public static string ServerSettings => string.Join(" ", Settings.Select(s => s.Replace(" ", "", StringComparison.Ordinal)));

    public static async Task<PostgresCluster> StartAsync(int rows)
    {
        PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions { Settings = Settings });
        try
        {
            // As text both take about 214 bytes a row, the size the project's figures are given for.
            await cluster.PsqlAsync(string.Create(CultureInfo.InvariantCulture, $"""
                create unlogged table jsonb_rows as
                  select jsonb_build_object(
                    'id', 10000000 + n, 'name', 'Customer ' || lpad(n::text, 8, '0'), 'email', left(md5(n::text), 20) || '@example.com', 'active', n % 3 <> 0,
                    'city', (array['Lisbon', 'Nairobi', 'Uppsala', 'Kyoto'])[1 + n % 4], 'total', (n::bigint * 7919 % 1000000 / 100.0)::numeric(10,2),
                    'tags', jsonb_build_array('new', 'vip', 'export'), 'note', md5((n + 1)::text)) as data
                  from generate_series(1, {rows}) n;
                create unlogged table json_rows as select data::text::json as data from jsonb_rows;
                vacuum (freeze, analyze) jsonb_rows, json_rows;
                checkpoint;
                """));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public static string Query(string type) => $"select data from {type}_rows";
}
