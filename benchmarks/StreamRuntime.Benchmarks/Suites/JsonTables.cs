using System.Globalization;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>JSON rows in a private PostgreSQL: the same ones as <c>json</c> and as <c>jsonb</c>, which both send the same text, and larger ones as <c>json</c>.</summary>
internal static class JsonTables
{
    /// <summary>
    /// Everything in memory, and nothing that would make one run differ from the next: scans start at the first page, and no other process helps.
    /// </summary>
    private static readonly string[] Settings =
        ["shared_buffers = '1GB'", "synchronize_seqscans = off", "max_parallel_workers_per_gather = 0", "jit = off"];

    // As text about 220 bytes a row, the size the project's figures are given for.
    private const string Fields = """
        'id', 10000000 + n, 'name', 'Customer ' || lpad(n::text, 8, '0'), 'email', left(md5(n::text), 20) || '@example.com', 'active', n % 3 <> 0,
        'city', (array['Lisbon', 'Nairobi', 'Uppsala', 'Kyoto'])[1 + n % 4], 'total', (n::bigint * 7919 % 1000000 / 100.0)::numeric(10,2),
        'tags', jsonb_build_array('new', 'vip', 'export'), 'note', md5((n + 1)::text)
        """;

    // With these about 2 KB.
    private const string MoreFields = """
        'text', (select string_agg(md5((n * 55 + i)::text), ' ') from generate_series(1, 55) i)
        """;

    public static IReadOnlyList<string> Types { get; } = ["json", "jsonb"];

    /// <summary>The rows of about 2 KB.</summary>
    public static string LargeType => "json_2kb";

    public static string ServerSettings => string.Join(" ", Settings.Select(s => s.Replace(" ", "", StringComparison.Ordinal)));

    /// <summary>Starts a server with rows.</summary>
    /// <param name="rows">How many of <see cref="Types"/>.</param>
    /// <param name="largeRows">How many of <see cref="LargeType"/>.</param>
    public static async Task<PostgresCluster> StartAsync(int rows, int largeRows = 0)
    {
        PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions { Settings = Settings });
        try
        {
            await cluster.PsqlAsync(CreateSql(rows, largeRows));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public static string Query(string type) => $"select data from {type}_rows";

    public static string Query(string type, long rows) => string.Create(CultureInfo.InvariantCulture, $"{Query(type)} limit {rows}");

    /// <summary>Some thousand rows, by a plain condition.</summary>
    public static string QueryOfFirstPages(string type) => $"{Query(type)} where ctid < '(300,0)'";

    /// <summary>What makes the tables. The same numbers make the same rows, on every server.</summary>
    public static string CreateSql(int rows, int largeRows) => string.Create(CultureInfo.InvariantCulture, $"""
        create unlogged table jsonb_rows as select jsonb_build_object({Fields}) as data from generate_series(1, {rows}) n;
        create unlogged table json_rows as select data::text::json as data from jsonb_rows;
        create unlogged table {LargeType}_rows as select jsonb_build_object({Fields}, {MoreFields})::text::json as data from generate_series(1, {largeRows}) n;
        vacuum (freeze, analyze) jsonb_rows, json_rows, {LargeType}_rows;
        checkpoint;
        """);
}
