using System.Globalization;
using System.Text.Json;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>Cuts any query by the values of its key's first column.</summary>
/// <remarks>
/// <para>
/// Where the bounds come from decides how even the partitions are, and nothing else: the column's histogram, or a sample. The server itself puts them in order and drops
/// those that it takes for the same, by the comparison that the ranges will use, and says of what is left that it rises. Each range then begins where the one before it ends, the first and the last
/// are open, and rows without a value are in just one, so every row is in exactly one range.
/// </para>
/// <para>The query is run once for each range, so it must give the same rows every time it is run under one snapshot.</para>
/// </remarks>
internal sealed class KeyPartitions
{
    private const int PartsOfEach = 8;
    private const int MostChosen = 1000;

    // So many rows for each bound make the parts even enough.
    private const int SampleOfEach = 300;

    // A range that costs as much of the whole as this is not found by an index: every further range would read everything once more.
    private const double CostOfUnindexed = 0.5;

    private const string Facts = """
        select pg_catalog.json_build_object(
          'type', pg_catalog.format_type($1::pg_catalog.oid, null),
          'kind', (select c.relkind from pg_catalog.pg_class c where c.oid = $2::pg_catalog.oid),
          'notNull', (select a.attnotnull from pg_catalog.pg_attribute a where a.attrelid = $2::pg_catalog.oid and a.attnum = $3::pg_catalog.int2),
          'isStale', (select c.relkind in ('r', 'm') and pg_catalog.pg_relation_size(c.oid) > 2 * (greatest(c.relpages, 0) + 8) * pg_catalog.current_setting('block_size')::bigint
            from pg_catalog.pg_class c where c.oid = $2::pg_catalog.oid),
          'values', (select pg_catalog.to_json(coalesce(s.histogram_bounds::text, s.most_common_vals::text)::text[])
            from pg_catalog.pg_stats s
            join pg_catalog.pg_namespace n on n.nspname = s.schemaname
            join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.tablename
            join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = s.attname
            where c.oid = $2::pg_catalog.oid and a.attnum = $3::pg_catalog.int2
            order by s.inherited desc limit 1))
        """;

    private readonly PostgresConnection _connection;
    private readonly PostgresQuery _query;
    private readonly TableScan? _scan;
    private readonly IReadOnlyList<KeyColumn> _key;
    private readonly ParallelReadOptions _options;
    private readonly string _from;
    private readonly string _first;
    private string _list;
    private string _type = "";

    public KeyPartitions(PostgresConnection connection, PostgresQuery query, TableScan? scan, IReadOnlyList<KeyColumn> key, ParallelReadOptions options)
    {
        _connection = connection;
        _query = query;
        _scan = scan;
        _key = key;
        _options = options;

        // Of a table every column can be the key, also one that is not selected.
        string text = scan is null ? query.Text : (scan with { Columns = "*" }).ToSql();
        _from = RowToJsonQuery.Subquery(text, connection.Parameters.StandardConformingStrings);
        _list = scan is null or { Columns: "*" } ? "_.*" : scan.Columns;
        _first = $"_.{key[0].Sql}";
    }

    private bool IsOrdered => _options.InKeyOrder && !_options.SeparateStreams;

    public async Task<PartitionPlan> PlanAsync(CancellationToken cancellationToken)
    {
        ColumnDescription first = await ChooseColumnsAsync(cancellationToken).ConfigureAwait(false);
        string? text = await ScalarQuery.ReadAsync(
            _connection,
            Facts,
            [],
            [Text(first.TypeOid), Text(first.TableOid), Text(first.ColumnNumber)],
            cancellationToken).ConfigureAwait(false);
        using var facts = JsonDocument.Parse(text!);
        _type = facts.RootElement.GetProperty("type").GetString()!;
        PlanEstimate whole = await PlanEstimate.AskAsync(_connection, With($"select {_list} from {_from}"), cancellationToken).ConfigureAwait(false);
        int wanted = Wanted(whole);
        IReadOnlyList<string> bounds = await FindBoundsAsync(facts.RootElement, wanted, whole, cancellationToken).ConfigureAwait(false);
        bool isFound = await IsFoundByIndexAsync(bounds, whole, cancellationToken).ConfigureAwait(false);
        if (!isFound && _options.Partitions is null)
        {
            bounds = Spread(bounds, _options.Backends - 1);
        }

        // Only a table's own column is known to have a value in every row: a join may leave it out.
        bool hasNulls = _scan is null || facts.RootElement.GetProperty("notNull") is not { ValueKind: JsonValueKind.True };
        return new PartitionPlan([.. MakePartitions(bounds, hasNulls, isFound, whole.Rows)], Preparation: null);
    }

    /// <summary>So many of them, evenly spread.</summary>
    internal static IReadOnlyList<string> Spread(IReadOnlyList<string> values, int count)
    {
        if (values.Count <= count)
        {
            return values;
        }

        var chosen = new string[count];
        for (int i = 0; i < count; i++)
        {
            chosen[i] = values[(int)((i + 1L) * values.Count / (count + 1))];
        }

        return chosen;
    }

    /// <summary>Finds out what the row is, as it is without a key; but where all but the key is one column of JSON, that column is the row.</summary>
    /// <returns>The key's first column.</returns>
    private async Task<ColumnDescription> ChooseColumnsAsync(CancellationToken cancellationToken)
    {
        string keys = string.Join(", ", _key.Select(k => $"_.{k.Sql}"));
        ColumnDescription[] columns = await StatementColumns.DescribeAsync(
            _connection, $"select {_list}, {keys} from {_from}", _query.Key.Types, cancellationToken).ConfigureAwait(false);
        if (columns.Length <= _key.Count)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, "The query gives no columns.");
        }

        ColumnDescription[] shown = columns[..^_key.Count];
        ColumnDescription[] others = [.. shown.Where(c => !_key.Any(k => k.Name == c.Name))];
        if (shown.Length > 1 && others is [{ TypeOid: TypeOids.Json or TypeOids.Jsonb } json])
        {
            _list = $"_.{new KeyColumn(json.Name, false).Sql}";
        }

        return columns[^_key.Count];
    }

    private int Wanted(PlanEstimate whole)
    {
        if (_options.Partitions is { } given)
        {
            return given;
        }

        if (_options.Backends == 1)
        {
            return 1;
        }

        int parts = PartsOfEach * _options.Backends;

        // In order, what is ahead of its turn has to be held: half of what may be, since rows as JSON are larger than the planner takes them for.
        return IsOrdered ? (int)Math.Clamp(whole.Rows * whole.RowBytes / (_options.ReadAheadOfEach / 2), parts, MostChosen) : parts;
    }

    private async Task<IReadOnlyList<string>> FindBoundsAsync(JsonElement facts, int wanted, PlanEstimate whole, CancellationToken cancellationToken)
    {
        if (wanted == 1)
        {
            return [];
        }

        IReadOnlyList<string> values = [];
        if (facts.GetProperty("values") is { ValueKind: JsonValueKind.Array } known && facts.GetProperty("isStale") is not { ValueKind: JsonValueKind.True })
        {
            values = [.. known.EnumerateArray().Select(v => v.GetString()).OfType<string>()];
        }

        // A histogram may be too coarse for so many ranges.
        if (values.Count < wanted / 2)
        {
            bool isTable = _scan is { Condition: null } && facts.GetProperty("kind").GetString() is "r" or "p" or "m";
            values = await SampleAsync(isTable, wanted, whole.Rows, cancellationToken).ConfigureAwait(false);
        }

        return await PutInOrderAsync(Spread(values, wanted - 1), cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> SampleAsync(bool isTable, int wanted, double rows, CancellationToken cancellationToken)
    {
        double share = Math.Min(1, (double)SampleOfEach * wanted / Math.Max(1, rows));
        string from = _from;
        string chance = "";
        if (share < 1 && isTable)
        {
            from = string.Create(CultureInfo.InvariantCulture, $"{_scan!.Table} as _ tablesample system ({share * 100:0.######})");
        }
        else if (share < 1)
        {
            chance = string.Create(CultureInfo.InvariantCulture, $" and pg_catalog.random() < {share:0.########}");
        }

        string sql = $"""
            select pg_catalog.json_agg(s.k::text order by s.k) from (
              select r.k, pg_catalog.row_number() over (order by r.k) as n, pg_catalog.count(*) over () as c
              from (select {_first} as k from {from} where {_first} is not null{chance}) r) s
            where s.n % greatest(s.c / {wanted.ToString(CultureInfo.InvariantCulture)}, 1) = 0
            """;
        return Values(await AskAsync(sql, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Has the server order the bounds, and prove that they rise.</summary>
    private async Task<IReadOnlyList<string>> PutInOrderAsync(IReadOnlyList<string> values, CancellationToken cancellationToken)
    {
        if (values.Count == 0)
        {
            return [];
        }

        // Together with the key's column a value is compared as in the ranges: by the column's type and collation. Nothing is read for it.
        string like = $"(select {_first} from {_from} limit 0)";
        string number = $"${_query.Parameters.Count + 1}";
        string sql = $"""
            with given as (select distinct coalesce({like}, v::{_type}) as x from unnest({number}::text[]) v),
            texts as (select g.x::text as t, pg_catalog.row_number() over (order by g.x) as n from given g where g.x is not null),
            again as (select coalesce({like}, t.t::{_type}) as x, t.n from texts t),
            steps as (select a.x, pg_catalog.lag(a.x) over (order by a.n) as before from again a)
            select pg_catalog.json_build_object(
              'bounds', (select coalesce(pg_catalog.json_agg(t.t order by t.n), '[]') from texts t),
              'rise', (select coalesce(pg_catalog.bool_and(s.x > s.before), true) from steps s where s.before is not null))
            """;
        string? text = await AskAsync(sql, cancellationToken, PostgresParameter.From(values)).ConfigureAwait(false);
        using var found = JsonDocument.Parse(text!);
        return found.RootElement.GetProperty("rise").GetBoolean()
            ? [.. found.RootElement.GetProperty("bounds").EnumerateArray().Select(v => v.GetString()!)]
            : throw new StreamRuntimeException(
                ErrorKind.Configuration, $"The values of the key column {_key[0].Sql} change when they are written as text and read again, so no ranges can be made of them.");
    }

    private async Task<bool> IsFoundByIndexAsync(IReadOnlyList<string> bounds, PlanEstimate whole, CancellationToken cancellationToken)
    {
        if (bounds.Count < 2)
        {
            return true;
        }

        int middle = bounds.Count / 2;
        PlanEstimate range = await PlanEstimate.AskAsync(
            _connection, Between(bounds[middle - 1], bounds[middle], orNull: false), cancellationToken).ConfigureAwait(false);
        return range.Cost < whole.Cost * CostOfUnindexed;
    }

    private IEnumerable<Partition> MakePartitions(IReadOnlyList<string> bounds, bool hasNulls, bool isFound, double rows)
    {
        List<PostgresQuery> queries = [];
        if (bounds.Count == 0)
        {
            // Nothing to cut by: all of it, rows without a value included.
            queries.Add(With($"select {_list} from {_from}{Order()}"));
            hasNulls = false;
        }
        else
        {
            for (int i = 0; i <= bounds.Count; i++)
            {
                queries.Add(Between(i > 0 ? bounds[i - 1] : null, i < bounds.Count ? bounds[i] : null, orNull: hasNulls && !isFound && i == bounds.Count));
            }
        }

        int ranges = queries.Count;
        if (hasNulls && isFound)
        {
            queries.Add(With($"select {_list} from {_from} where {_first} is null{Order()}"));
        }

        if (_key[0].IsDescending)
        {
            // Where larger values come first, those without one come before them, as ORDER BY has it.
            queries.Reverse();
        }

        return queries.Select((q, i) => new Partition(i, q, IsOfNulls(i) ? 0 : rows / ranges));

        bool IsOfNulls(int number) => queries.Count > ranges && number == (_key[0].IsDescending ? 0 : queries.Count - 1);
    }

    private PostgresQuery Between(string? from, string? to, bool orNull)
    {
        int number = _query.Parameters.Count;
        List<PostgresParameter> bounds = [];
        List<string> conditions = [];
        if (from is not null)
        {
            bounds.Add(new PostgresParameter(0, from));
            conditions.Add($"{_first} >= ${++number}::{_type}");
        }

        if (to is not null)
        {
            bounds.Add(new PostgresParameter(0, to));
            conditions.Add($"{_first} < ${++number}::{_type}");
        }

        string condition = string.Join(" and ", conditions);
        return With($"select {_list} from {_from} where {(orNull ? $"({condition} or {_first} is null)" : condition)}{Order()}", [.. bounds]);
    }

    private string Order() => IsOrdered ? $" order by {string.Join(", ", _key.Select(k => $"_.{k.Sql}{(k.IsDescending ? " desc" : "")}"))}" : "";

    private PostgresQuery With(string sql, params ReadOnlySpan<PostgresParameter> more) => new(sql, [.. _query.Parameters, .. more]);

    private Task<string?> AskAsync(string sql, CancellationToken cancellationToken, params ReadOnlySpan<PostgresParameter> more)
    {
        PostgresQuery query = With(sql, more);
        return ScalarQuery.ReadAsync(_connection, query.Text, query.Key.Types, [.. query.Parameters.Select(p => p.Text)], cancellationToken);
    }

    private static IReadOnlyList<string> Values(string? json)
    {
        if (json is null)
        {
            return [];
        }

        using var values = JsonDocument.Parse(json);
        return [.. values.RootElement.EnumerateArray().Select(v => v.GetString()!)];
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
