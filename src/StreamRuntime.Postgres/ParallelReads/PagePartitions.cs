using System.Globalization;
using System.Text.Json;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>Cuts the read of a table by where its rows lie: ranges of <c>ctid</c>, each of so many pages.</summary>
/// <remarks>
/// <para>
/// A table of partitions or with heirs is cut through all of them at once: a range takes the same pages of every one, and the ranges are chosen so that together these
/// are equally many. So the query stays one of the table that was named, with its rights and its policies.
/// </para>
/// <para>
/// Every row lies in exactly one range: they follow each other from the first page on, and the last has no end. That no row moves meanwhile is held by the lock that reading takes, which
/// every backend has before the first partition is read; the pages are counted under it. Taken later, it could stand behind somebody who waits for the first
/// backend, which waits for us.
/// </para>
/// </remarks>
internal sealed class PagePartitions(PostgresConnection connection, PostgresQuery query, TableScan scan, ParallelReadOptions options)
{
    // Half a megabyte: below that, starting a partition is worth more than reading it.
    private const long LeastPages = 64;
    private const int FirstWithRangeScans = 140_000;

    // The later a range is handed out, the smaller it is, down to such a part of what one backend reads: long ranges cost least, short ones at the end leave nobody waiting for long.
    private const int SmallestPart = 16;

    // The sizes are those of now. What is written behind them later is not in the snapshot.
    private const string Sizes = """
        with recursive tree(oid) as (
          select $1::pg_catalog.regclass::pg_catalog.oid
          union
          select i.inhrelid from pg_catalog.pg_inherits i join tree t on i.inhparent = t.oid)
        select pg_catalog.json_build_object(
          'version', pg_catalog.current_setting('server_version_num')::int,
          'kind', (select c.relkind from pg_catalog.pg_class c where c.oid = $1::pg_catalog.regclass),
          'pages', coalesce(pg_catalog.json_agg(coalesce(
            pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int, 0)) filter (where c.relkind in ('r', 'm')), '[]'))
        from tree t join pg_catalog.pg_class c on c.oid = t.oid
        """;

    public async Task<PartitionPlan> PlanAsync(CancellationToken cancellationToken)
    {
        // We read in parallel ourselves, and a parallel plan would read all of the table for each range of it.
        const string Alone = "set local max_parallel_workers_per_gather = 0";
        string hold = $"select from {scan.Table} limit 0";
        await ScalarQuery.RunAsync(connection, $"{Alone}; {hold}", cancellationToken).ConfigureAwait(false);
        long[] pages = await ReadSizesAsync(cancellationToken).ConfigureAwait(false);
        double rows = (await PlanEstimate.AskAsync(connection, query, cancellationToken).ConfigureAwait(false)).Rows;
        return new PartitionPlan([.. MakePartitions(pages, rows)], $"{Alone}; set local lock_timeout = '10s'; {hold}");
    }

    /// <summary>The pages at which one range ends and the next begins.</summary>
    /// <param name="pages">How many pages each of the tables has.</param>
    /// <param name="backends">How many read.</param>
    /// <param name="partitions">How many ranges there are to be; null chooses.</param>
    internal static List<long> Cut(IReadOnlyCollection<long> pages, int backends, int? partitions)
    {
        long total = pages.Sum();
        long end = pages.DefaultIfEmpty(0).Max();
        long least = partitions is null ? LeastPages : 1;
        List<long> cuts = [];
        long done = 0;
        while (partitions is null || cuts.Count < partitions - 1)
        {
            long left = total - done;
            long size = partitions is { } count
                ? (left + count - cuts.Count - 1) / (count - cuts.Count)
                : Math.Max(left / (2 * backends), total / (SmallestPart * backends));
            size = Math.Max(size, least);
            if (left <= size)
            {
                break;
            }

            long cut = FindCut(pages, done + size, end);
            if (cut >= end)
            {
                break;
            }

            cuts.Add(cut);
            done = Below(pages, cut);
        }

        return cuts;
    }

    private static long Below(IEnumerable<long> pages, long cut) => pages.Sum(p => Math.Min(p, cut));

    // The first cut with so many pages below it.
    private static long FindCut(IReadOnlyCollection<long> pages, long below, long end)
    {
        long low = 1;
        while (low < end)
        {
            long middle = low + ((end - low) / 2);
            if (Below(pages, middle) >= below)
            {
                end = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private async Task<long[]> ReadSizesAsync(CancellationToken cancellationToken)
    {
        string? text = await ScalarQuery.ReadAsync(connection, Sizes, [], [scan.Table], cancellationToken).ConfigureAwait(false);
        using var found = JsonDocument.Parse(text!);
        JsonElement root = found.RootElement;
        if (root.GetProperty("version").GetInt32() < FirstWithRangeScans)
        {
            throw Refused($"is on a server older than PostgreSQL 14, which can't read a part of a table by its place");
        }

        return root.GetProperty("kind").GetString() is "r" or "p" or "m"
            ? [.. root.GetProperty("pages").EnumerateArray().Select(p => p.GetUInt32())]
            : throw Refused("is no table of this server's own (it may be a view, or foreign), so it has no pages to be cut by");
    }

    private StreamRuntimeException Refused(string why) => new(ErrorKind.Configuration, $"{scan.Table} {why}. Name a key, by whose values it is cut.");

    private IEnumerable<Partition> MakePartitions(long[] pages, double rows)
    {
        List<long> cuts = Cut(pages, options.Backends, options.Partitions);
        double total = Math.Max(1, pages.Sum());
        int last = query.Parameters.Count;
        long done = 0;
        long from = 0;
        for (int i = 0; i <= cuts.Count; i++)
        {
            string condition = $"ctid >= ${last + 1}::pg_catalog.tid";
            List<PostgresParameter> parameters = [.. query.Parameters, Place(from)];
            long below = pages.Sum();
            if (i < cuts.Count)
            {
                from = cuts[i];
                below = Below(pages, from);
                condition += $" and ctid < ${last + 2}::pg_catalog.tid";
                parameters.Add(Place(from));
            }

            yield return new Partition(i, new PostgresQuery(scan.ToSql(condition), parameters), rows * (below - done) / total);
            done = below;
        }
    }

    private static PostgresParameter Place(long page) => new(0, string.Create(CultureInfo.InvariantCulture, $"({page},0)"));
}
