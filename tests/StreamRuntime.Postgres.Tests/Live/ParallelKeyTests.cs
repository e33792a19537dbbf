using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class ParallelKeyTests(LiveServer server)
{
    /// <summary>Values by type: how the n-th is made, and a key that orders rows of (id, k) wholly.</summary>
    public static TheoryData<string, string, string> Keys => new()
    {
        { "int", "20000 - n", "k" },
        { "int", "20000 - n", "k desc" },
        { "bigint", "n * 461168601842738", "k" },
        { "text collate \"C\"", "(array['a','B','c','Ä','ß','_'])[1 + n % 6] || n", "k" },
        { "text collate \"und-x-icu\"", "(array['a','B','c','Ä','ß','_'])[1 + n % 6] || n", "k" },
        { "varchar(12) collate \"und-x-icu\"", "(array['a','B','c','Ä','ß','_'])[1 + n % 6] || n", "k desc" },
        { "char(12)", "'x' || n", "k" },
        { "numeric", "case n when 77 then 'NaN' else n * -1.10 end", "k" },
        { "float8", "case n when 77 then 'NaN' when 78 then '-Infinity' when 79 then '0' else n / 3.0 - 1000 end", "k, id" },
        { "timestamptz", "timestamptz '2020-01-01' + n * interval '1.000001 s'", "k desc" },
        { "date", "date '2020-01-01' + n", "k" },
        { "uuid", "md5(n::text)::uuid", "k" },
        { "bytea", "decode(md5(n::text), 'hex')", "k" },
        { "bool", "n % 2 = 0", "k, id" },
        { "bool", "n % 2 = 0", "k desc, id desc" },
        { "int", "n % 7", "k, id desc" },
        { "int", "case when n % 3 <> 0 then n end", "k, id" },
        { "int", "case when n % 3 <> 0 then n end", "k desc, id" },
        { "int", "null::int", "k, id" },
        { "text", "case when n % 3 <> 0 then 'it''s \"' || n end", "k, id" },
        { "inet", "'10.0.0.0'::inet + n", "k" },
        { "int[]", "array[n % 100, n]", "k" },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Key_OfAnyTypeWithOrWithoutIndexAndStatistics_KeepsItsOrder(string type, string value, string key)
    {
        await server.Cluster.PsqlAsync($"drop table if exists keyed; create table keyed (id int, k {type}); insert into keyed select n, {value} from generate_series(1, 20000) n");
        await using PostgresDataSource source = server.Source();
        foreach (string more in (string[])["", "analyze keyed", "create index on keyed (k, id)"])
        {
            await server.Cluster.PsqlAsync(more);
            foreach (int? partitions in (int?[])[null, 30])
            {
                await using ParallelRows rows = await source.StreamInParallelAsync(
                    PostgresQuery.FromTable("keyed"), new ParallelReadOptions { Backends = 3, Key = key, Partitions = partitions });
                string[] expected = await server.Cluster.SelectUnderSnapshotAsync(rows, $"select row_to_json(w) from keyed w order by {key}");
                Assert.Equal(20_000, expected.Length);
                ParallelReading.AssertSame(expected, await rows.ReadAllAsync());
                Assert.All(rows.GetProgress().Partitions, p => Assert.Equal(PartitionState.Complete, p.State));
                if (value.StartsWith("20000", StringComparison.Ordinal))
                {
                    Assert.InRange(rows.GetProgress().Partitions.Count, 3, 100);
                }
            }
        }
    }

    [Fact]
    public async Task Key_WhileOthersWrite_GivesTheSnapshotInOrder()
    {
        await server.Cluster.PsqlAsync("""
            create table ordered (id int primary key, data jsonb);
            insert into ordered select i, jsonb_build_object('id', i, 'pad', repeat('x', i % 300)) from generate_series(1, 20000) i;
            analyze ordered
            """);
        await using ParallelWriter writer = await ParallelWriter.StartAsync(server.Cluster, "ordered", "jsonb_build_object('new', ID)");
        await using PostgresDataSource source = server.Source();
        foreach (string key in (string[])["id", "id desc"])
        {
            await using ParallelRows rows = await source.StreamInParallelAsync(
                PostgresQuery.FromTable("ordered"), new ParallelReadOptions { Backends = 3, Key = key, MaxReadAheadBytes = 256 * 1024 });
            string[] expected = await server.Cluster.SelectUnderSnapshotAsync(rows, $"select data from ordered order by {key}");
            await writer.WaitForMoreAsync(50);

            // All but the key is one column of JSON, so that is the row.
            ParallelReading.AssertSame(expected, await rows.ReadAllAsync());
        }
    }

    [Fact]
    public async Task Query_OfAnyKind_IsCutByAColumnOfItsResult()
    {
        await server.Cluster.PsqlAsync("""
            create table orders as select i as id, i % 500 as customer, i * 1.5 as total from generate_series(1, 30000) i;
            create table customers as select i as id, 'name ' || i as name from generate_series(1, 400) i;
            analyze orders, customers
            """);
        const string Sql = """
            with big as (select * from orders where total > $1)
            select b.id as "Order", c.name, count(*) over (partition by b.customer) as n from big b left join customers c on c.id = b.customer -- done
            """;
        var query = new PostgresQuery(Sql, PostgresParameter.From(300));
        string expected = await server.Cluster.PsqlAsync($"select row_to_json(w) from (\n{Sql.Replace("$1", "300", StringComparison.Ordinal)}\n) w order by w.\"Order\" desc");
        await using PostgresDataSource source = server.Source();
        foreach (ParallelReadOptions options in (ParallelReadOptions[])
            [new() { Key = "\"Order\" desc" }, new() { Key = "\"Order\" desc", Partitions = 9 }, new() { Key = "\"Order\" desc", Backends = 1 }])
        {
            await using ParallelRows rows = await source.StreamInParallelAsync(query, options);
            ParallelReading.AssertSame(expected.Split('\n'), await rows.ReadAllAsync());
        }

        await using ParallelRows unordered = await source.StreamInParallelAsync(query, new ParallelReadOptions { Key = "name", InKeyOrder = false });
        ParallelReading.AssertSameSet(expected.Split('\n'), await unordered.ReadAllAsync());
        await using ParallelRows separate = await source.StreamInParallelAsync(query, new ParallelReadOptions { Key = "name", SeparateStreams = true });
        Assert.Equal(2, separate.Streams.Count);
        ParallelReading.AssertSameSet(expected.Split('\n'), await separate.ReadAllAsync());
    }

    [Fact]
    public async Task Order_OfPartsLargerThanWhatMayBeHeld_StaysInBounds()
    {
        await server.Cluster.PsqlAsync("""
            create table wide as select i as id, repeat(md5(i::text), 30) as text from generate_series(1, 30000) i;
            alter table wide add primary key (id);
            analyze wide
            """);
        const int ReadAhead = 4 * 64 * 1024;
        await using PostgresDataSource source = server.Source();
        await using ParallelRows rows = await source.StreamInParallelAsync(
            new PostgresQuery("select id from wide where text <> ''"),
            new ParallelReadOptions { Backends = 4, Key = "id", MaxReadAheadBytes = ReadAhead, Partitions = 8 });
        ParallelReading.AssertSame(Enumerable.Range(1, 30_000).Select(i => $"{{\"id\":{i}}}"), await rows.ReadAllAsync());

        await using ParallelRows raw = await source.StreamInParallelAsync(
            new PostgresQuery("select id, to_json(text) as text from wide"),
            new ParallelReadOptions { Backends = 4, Key = "id", MaxReadAheadBytes = ReadAhead, Partitions = 8 });
        Assert.Equal(30_000, (await raw.ReadAllAsync()).Length);

        // 29 MB in all. The reader's own buffer comes on top, and from each backend a part of a row and one receive.
        Assert.InRange(raw.GetStatistics().PeakBufferedBytes, 64 * 1024, ReadAhead + 4 * 128 * 1024);
    }

    [Theory]
    [InlineData("nowhere", "42703")]
    [InlineData("doc", "42883")]
    public async Task Key_ThatCantBe_IsRefusedAndLeavesNothingOpen(string key, string sqlState)
    {
        await server.Cluster.PsqlAsync("create table if not exists documents as select i as id, json_build_object('i', i) as doc from generate_series(1, 20000) i");
        await using PostgresDataSource source = server.Source("application_name=badkey");
        var refused = await Assert.ThrowsAnyAsync<StreamRuntimeException>(async () =>
            await source.StreamInParallelAsync(PostgresQuery.FromTable("documents"), new ParallelReadOptions { Key = key }));
        Assert.Equal(sqlState, refused.SqlState);
        Assert.Equal(0, source.GetPoolStatistics().Leased);
        await server.AssertIdleAsync("badkey");
    }
}
