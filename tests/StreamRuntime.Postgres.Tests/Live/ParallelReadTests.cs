using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class ParallelReadTests(LiveServer server)
{
    private const string Data = "jsonb_build_object('id', ID, 'text', 'row ' || ID, 'pad', repeat('x', ID % 200))";
    private const string LargeData = "jsonb_build_object('id', ID, 'text', (select string_agg(md5((ID * i)::text), '') from generate_series(1, 400) i))";

    /// <summary>Tables by name, how each is made, and what a row's data is made with.</summary>
    public static TheoryData<string, string, string> Tables => new()
    {
        { "plain", "create table plain (id int primary key, data jsonb)", Data },
        { "unkeyed", "create table unkeyed (id int, data json)", Data.Replace("jsonb", "json", StringComparison.Ordinal) },
        {
            "parted",
            """
            create table parted (id int, data jsonb) partition by range (id);
            create table parted_1 partition of parted for values from (minvalue) to (100);
            create table parted_2 (data jsonb, extra int, id int);
            alter table parted_2 drop column extra;
            alter table parted attach partition parted_2 for values from (100) to (15000);
            create table parted_3 partition of parted for values from (15000) to (maxvalue) partition by hash (id);
            create table parted_3a partition of parted_3 for values with (modulus 2, remainder 0);
            create table parted_3b partition of parted_3 for values with (modulus 2, remainder 1)
            """,
            Data
        },
        {
            "heirs",
            """
            create table heirs (id int, data jsonb);
            create table heir (more text default 'm') inherits (heirs);
            create table heir_of_heir () inherits (heir);
            insert into heir (id, data) select 3000000 + ID, DATA from generate_series(1, 5000) ID;
            insert into heir_of_heir (id, data) select 4000000 + ID, DATA from generate_series(1, 9000) ID
            """.Replace("DATA", Data, StringComparison.Ordinal),
            Data
        },
        { "toasted", "create table toasted (id int primary key, data jsonb)", LargeData },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Table_WhileOthersWrite_IsWhatOneSelectGivesUnderTheSnapshot(string table, string create, string data)
    {
        int count = data == LargeData ? 1500 : 20_000;
        await server.Cluster.PsqlAsync($"""
            {create};
            insert into {table} (id, data) select ID, {data} from generate_series(1, {count}) ID;
            analyze {table};
            """);
        await using ParallelWriter writer = await ParallelWriter.StartAsync(server.Cluster, table, data);
        await using PostgresDataSource source = server.Source($"application_name={table}");
        foreach (bool separate in (bool[])[false, true])
        {
            await using ParallelRows rows = await source.StreamInParallelAsync(
                PostgresQuery.FromTable(table, "data"), new ParallelReadOptions { Backends = 3, Partitions = 11, SeparateStreams = separate });
            Assert.Equal((3, separate ? 3 : 1), (rows.Backends, rows.Streams.Count));
            string[] expected = await server.Cluster.SelectUnderSnapshotAsync(rows, $"select data from {table}");
            await writer.WaitForMoreAsync(50);
            string[] read = await rows.ReadAllAsync();
            ParallelReading.AssertSameSet(expected, read);
            Assert.True(read.Length > 1000);
            Assert.All(rows.GetProgress().Partitions, p => Assert.Equal(PartitionState.Complete, p.State));
            Assert.Equal(read.Length, rows.GetProgress().Rows);
            Assert.Equal(read.Length, rows.GetStatistics().RowsDelivered);
            Assert.Equal(StreamState.Complete, rows.GetStatistics().State);
        }

        await server.AssertIdleAsync(table);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("id")]
    public async Task FreshlyBloatedTable_GivesWhatIsLeft(string? key)
    {
        string table = $"bloated_{key}";
        await server.Cluster.PsqlAsync($"""
            create table {table} as select i as id, 'text ' || i as text from generate_series(1, 100000) i;
            analyze {table};
            delete from {table} where id % 1000 <> 0 and id < 90000;
            update {table} set text = 'new ' || id where id % 3 = 0;
            """);
        await AssertSameAsync($"select * from {table}", $"select row_to_json(whole) from {table} whole", new ParallelReadOptions { Backends = 2, Key = key });
    }

    [Theory]
    [InlineData("void", "create table void (id int, t text)")]
    [InlineData("page", "create table page as select i as id, 'x' as t from generate_series(1, 10) i")]
    [InlineData("uncounted", "create table uncounted as select i as id, 'x' as t from generate_series(1, 50000) i")]
    [InlineData("matter", "create materialized view matter as select i as id, 'x' as t from generate_series(1, 50000) i")]
    [InlineData("gone", "create table gone as select i as id, 'x' as t from generate_series(1, 50000) i; delete from gone")]
    public async Task SmallOrOddTable_WithAndWithoutKey_IsWhole(string table, string create)
    {
        await server.Cluster.PsqlAsync(create);
        foreach (ParallelReadOptions options in (ParallelReadOptions[])
            [new() { Backends = 4 }, new() { Backends = 4, Key = "id" }, new() { Backends = 2, Partitions = 5 }, new() { Backends = 1, Key = "id desc" }, new() { Backends = 1 }])
        {
            await AssertSameAsync($"select * from {table}", $"select row_to_json(whole) from {table} whole", options);
        }
    }

    [Fact]
    public async Task Condition_WithParameters_HoldsInEveryPart()
    {
        await server.Cluster.PsqlAsync("create table conditional as select i as id, i % 7 as seven from generate_series(1, 60000) i; analyze conditional");
        var query = PostgresQuery.From($"select id from conditional where seven = {3} or id = {5} -- end");
        await using PostgresDataSource source = server.Source();
        foreach (string? key in (string?[])[null, "id", "seven, id"])
        {
            await using ParallelRows rows = await source.StreamInParallelAsync(query, new ParallelReadOptions { Key = key });
            Assert.Equal(2, rows.Backends);
            ParallelReading.AssertSameSet(Enumerable.Range(1, 60_000).Where(i => i % 7 == 3 || i == 5).Select(i => $"{{\"id\":{i}}}"), await rows.ReadAllAsync());
        }
    }

    [Fact]
    public async Task TypesOfTheServersOwn_BecomeWhatRowToJsonGives()
    {
        await server.Cluster.PsqlAsync("""
            create type mood as enum ('sad', 'happy');
            create type pair as (a int, b text);
            create table odd as select i as id, (case i % 2 when 0 then 'sad' else 'happy' end)::mood as mood, row(i, 'x')::pair as pair from generate_series(1, 30000) i;
            analyze odd
            """);
        await AssertSameAsync("select * from odd", "select row_to_json(t) from odd t", new ParallelReadOptions());
        await AssertSameAsync("select * from odd", "select row_to_json(t) from odd t", new ParallelReadOptions { Key = "mood desc, id" });
    }

    [Fact]
    public async Task RowSecurityAndRights_AreThoseOfTheTableThatWasNamed()
    {
        await server.Cluster.PsqlAsync("""
            create table secured (id int, data text) partition by range (id);
            create table secured_1 partition of secured for values from (0) to (20000);
            create table secured_2 partition of secured for values from (20000) to (100000);
            insert into secured select i, 'x' from generate_series(1, 40000) i;
            analyze secured;
            alter table secured enable row level security;
            drop role if exists reader;
            create role reader login;
            grant select on secured to reader;
            create policy only_even on secured for select to reader using (id % 2 = 0)
            """);
        await using PostgresDataSource source = PostgresDataSource.Create($"{server.Cluster.ConnectionString} user=reader");
        foreach (string? key in (string?[])[null, "id"])
        {
            await using ParallelRows rows = await source.StreamInParallelAsync(PostgresQuery.FromTable("secured", "id"), new ParallelReadOptions { Key = key });
            ParallelReading.AssertSameSet(Enumerable.Range(1, 20_000).Select(i => $"{{\"id\":{i * 2}}}"), await rows.ReadAllAsync());
        }
    }

    [Fact]
    public async Task Progress_CountsEveryPartAndEstimatesTheRest()
    {
        await server.Cluster.PsqlAsync("create table counted as select i as id, repeat('x', 200) as pad from generate_series(1, 60000) i; analyze counted");
        await using PostgresDataSource source = server.Source();
        var options = new JsonRowStreamOptions { Where = row => row.EndsWith("1}"u8) };
        await using ParallelRows rows = await source.StreamInParallelAsync(new PostgresQuery("select id from counted"), new ParallelReadOptions(), options);
        ParallelProgress start = rows.GetProgress();
        Assert.Equal((0, 0d), (start.Rows, start.Share));
        Assert.InRange(start.EstimatedRows!.Value, 59_000, 61_000);
        Assert.True(await rows.Rows.ReadBatchAsync());
        ParallelProgress middle = rows.GetProgress();
        Assert.InRange(middle.Share!.Value, 0.0001, 0.9999);
        Assert.True(middle.EstimatedTimeLeft > TimeSpan.Zero);
        Assert.Contains(middle.Partitions, p => p.State == PartitionState.Running);
        await rows.Rows.CountBatchesAsync();
        ParallelProgress end = rows.GetProgress();
        Assert.Equal((60_000, 1d, TimeSpan.Zero), (end.Rows, end.Share, end.EstimatedTimeLeft));
        Assert.Equal(6000, rows.GetStatistics().RowsDelivered);
        Assert.Equal(Enumerable.Range(1, end.Partitions.Count), end.Partitions.Select(p => p.Number));
    }

    [Fact]
    public async Task Connections_AfterTheEnd_GoBackToThePoolClean()
    {
        await server.Cluster.PsqlAsync("create table pooled as select i as id from generate_series(1, 100000) i; analyze pooled");
        await using PostgresDataSource source = server.Source("application_name=parallelpool");
        for (int round = 0; round < 5; round++)
        {
            await using (ParallelRows rows = await source.StreamInParallelAsync(PostgresQuery.FromTable("pooled")))
            {
                Assert.Equal(100_000, (await rows.ReadAllAsync()).Length);
                Assert.Equal((0, 2L), (source.GetPoolStatistics().Leased, source.GetPoolStatistics().Opened));
            }

            // Whoever has it next is in no transaction, and has the settings of the login.
            Assert.Equal("""{"r":false,"s":"0"}""", await source.RowAsync(
                "select current_setting('transaction_read_only')::bool as r, current_setting('idle_in_transaction_session_timeout') as s"));
        }
    }

    [Fact]
    public async Task Settings_OfTheServer_AreBackAfterAParallelRead()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions
        {
            Settings = ["idle_in_transaction_session_timeout = '300ms'", "max_parallel_workers_per_gather = 3"],
        });
        await cluster.PsqlAsync("create table t as select i as id, repeat('x', 100) as pad from generate_series(1, 100000) i; analyze t");
        await using PostgresDataSource source = PostgresDataSource.Create(cluster.ConnectionString);
        await using (ParallelRows rows = await source.StreamInParallelAsync(PostgresQuery.FromTable("t")))
        {
            // Longer than a transaction without a statement may last there.
            Assert.True(await rows.Rows.ReadBatchAsync());
            await cluster.PsqlAsync("select pg_sleep(1)");
            await rows.Rows.CountBatchesAsync();
            Assert.Equal(100_000, rows.GetStatistics().RowsDelivered);
        }

        Assert.Equal("""{"i":"300ms","g":"3"}""", await source.RowAsync(
            "select current_setting('idle_in_transaction_session_timeout') as i, current_setting('max_parallel_workers_per_gather') as g"));
    }

    private async Task AssertSameAsync(string sql, string expected, ParallelReadOptions options)
    {
        await using PostgresDataSource source = server.Source();
        await using ParallelRows rows = await source.StreamInParallelAsync(new PostgresQuery(sql), options);
        ParallelReading.AssertSameSet((await server.Cluster.PsqlAsync(expected)).Split('\n', StringSplitOptions.RemoveEmptyEntries), await rows.ReadAllAsync());
    }
}
