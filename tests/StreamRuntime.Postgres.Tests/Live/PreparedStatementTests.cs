using System.Globalization;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Statements that repeat on a real server, which keeps them, loses them and changes beneath them.</summary>
[Collection(LiveTests.Name)]
public sealed class PreparedStatementTests(LiveServer server, ITestOutputHelper output)
{
    private const string Ours = "select count(*)::int as n from pg_prepared_statements where not from_sql and name like 'streamruntime%' and name not like '%reset%'";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AfterTheThreshold_TheServerKeepsOne(bool resetsSessions)
    {
        await using PostgresDataSource source = Source(5, resetsSessions);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("""{"n":0}""", await source.RowAsync(Ours));
        }

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("""{"n":1}""", await source.RowAsync(Ours));
        }

        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task MostStatements_AreNotExceeded()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { PrepareThreshold = 1, MaxPreparedStatements = 3 });
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 10; i++)
            {
                for (int run = 0; run < 3; run++)
                {
                    Assert.Equal($"{{\"i\":{i}}}", await source.RowAsync($"select {i} as i"));
                }
            }
        }

        for (int run = 0; run < 3; run++)
        {
            await source.RowAsync(Ours);
        }

        Assert.Equal("""{"n":3}""", await source.RowAsync(Ours));
    }

    [Fact]
    public async Task ValuesAndErrors_AreThoseOfEachRun()
    {
        await using PostgresDataSource source = Source(2);
        for (int i = 1; i <= 8; i++)
        {
            Assert.Equal([$"{{\"x\":{12 / i}}}"], await source.RowsOfAsync($"select 12 / {i} as x"));
            Assert.Equal("22012", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsOfAsync($"select 12 / {0} as x"))).SqlState);
            Assert.Equal("22P02", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsOfAsync($"select {"no"}::int as x"))).SqlState);
        }

        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task TableAltered_TheNextRunIsRight()
    {
        await server.Cluster.PsqlAsync("drop table if exists kept; drop type if exists kept_mood; create table kept as select '{\"i\":1}'::json as data");
        await using PostgresDataSource source = Source(1);
        const string Sql = "select * from kept";
        await RunsAsync("""{"i":1}""");
        await AlterAsync("alter table kept add column n int default 7", """{"data":{"i":1},"n":7}""");
        await AlterAsync("alter table kept alter column n type text using 'x' || n", """{"data":{"i":1},"n":"x7"}""");
        await AlterAsync("alter table kept rename column n to m", """{"data":{"i":1},"m":"x7"}""");
        await AlterAsync("alter table kept drop column data", """{"m":"x7"}""");

        // Only the server can turn the new type into JSON.
        await AlterAsync("create type kept_mood as enum ('fine'); alter table kept add column mood kept_mood default 'fine'", """{"m":"x7","mood":"fine"}""");
        await AlterAsync("drop table kept; create table kept as select true as again", """{"again":true}""");
        Assert.Equal(1, source.GetPoolStatistics().Opened);

        async Task AlterAsync(string change, string row)
        {
            await server.Cluster.PsqlAsync(change);
            await RunsAsync(row);
        }

        async Task RunsAsync(string row)
        {
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal([row], await source.RowsAsync(Sql));
            }
        }
    }

    [Theory]
    [InlineData("select * from kept_rows()")]
    [InlineData("select (r).* from kept_rows() r")]
    [InlineData("select r from kept_rows() r")]
    [InlineData("select * from kept_view")]
    public async Task TableBehindAFunctionOrViewAltered_GivesWhatAnUnpreparedRunGives(string sql)
    {
        await server.Cluster.PsqlAsync(
            "drop view if exists kept_view; drop function if exists kept_rows(); drop table if exists kept_behind; create table kept_behind as select 1 as a; "
            + "create function kept_rows() returns setof kept_behind language sql as 'select * from kept_behind'; create view kept_view as select * from kept_behind");
        await using PostgresDataSource source = Source(1);
        await using PostgresDataSource never = Source(0);
        foreach (string change in (string[])["select 1", "alter table kept_behind add column b text default 'x'", "create or replace view kept_view as select a, b from kept_behind"])
        {
            await server.Cluster.PsqlAsync(change);
            List<string> expected = await never.RowsAsync(sql);
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal(expected, await source.RowsAsync(sql));
            }
        }
    }

    [Theory]
    [InlineData("deallocate all")]
    [InlineData("discard all")]
    [InlineData("do $$ begin execute 'deallocate all'; end $$")]
    [InlineData("select unprepare()")]
    public async Task DroppedByTheUser_TheNextRunIsRight(string drop)
    {
        await server.Cluster.PsqlAsync("create or replace function unprepare() returns void language plpgsql as $$ begin execute 'deallocate all'; end $$");
        foreach (bool resets in (bool[])[true, false])
        {
            await using PostgresDataSource source = Source(1, resets);
            for (int round = 0; round < 4; round++)
            {
                for (int i = 0; i < 3; i++)
                {
                    Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
                    Assert.Equal("""{"i":2}""", await source.RowAsync("select 2 as i"));
                }

                await source.RowsAsync(drop);
            }

            Assert.Equal(1, source.GetPoolStatistics().Opened);
        }
    }

    [Fact]
    public async Task SessionReset_TakesEverythingElseBack()
    {
        await server.Cluster.PsqlAsync("drop role if exists demoted; create role demoted; create sequence if not exists kept_sequence");
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options("application_name=kept") with { PrepareThreshold = 1 });
        const string State =
            "select current_user = session_user and usesuper as u, current_setting('work_mem') as m, current_setting('role') as r, current_setting('application_name') as a, "
            + "to_regclass('pg_temp.left_behind') as t, (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as l, "
            + "(select count(*)::int from pg_cursors where name <> '') as c, (select count(*)::int from pg_listening_channels()) as h, "
            + "(select count(*)::int from pg_prepared_statements where from_sql) as p, pg_backend_pid() as b from pg_user where usename = current_user";
        string before = await source.RowAsync(State);
        Assert.StartsWith("""{"u":true,"m":"4MB","r":"none","a":"kept","t":null,"l":0,"c":0,"h":0,"p":0,""", before, StringComparison.Ordinal);
        foreach (string change in (string[])
        [
            "select set_config('work_mem', '7MB', false), set_config('application_name', 'changed', false), pg_advisory_lock(4711)::text, nextval('kept_sequence')",
            "create temporary table left_behind (i int)",
            "listen somewhere",
            "set session authorization demoted",
            "set role demoted",
            "prepare theirs as select 1",
            "do $$ begin execute 'prepare theirs_too as select 1'; execute 'declare c cursor with hold for select 1'; end $$",
            "set search_path = nowhere",
        ])
        {
            // Prepared by now, so that the reset is the one that keeps it.
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(before, await source.RowAsync(State));
            }

            await source.RowsAsync(change);
            Assert.Equal(before, await source.RowAsync(State));
            if (change.StartsWith("select", StringComparison.Ordinal))
            {
                Assert.Equal("55000", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select lastval()"))).SqlState);
            }
        }
    }

    [Fact]
    public async Task ServerThatWillNotResetAndKeep_IsResetWhole()
    {
        await server.Cluster.PsqlAsync("drop role if exists unlocking; create role unlocking login; revoke execute on function pg_advisory_unlock_all() from public");
        try
        {
            await using PostgresDataSource source = PostgresDataSource.Create(server.Options("user=unlocking") with { PrepareThreshold = 1 });
            for (int i = 0; i < 12; i++)
            {
                Assert.Equal("""{"i":1}""", await source.RowAsync("select 1 as i"));
            }

            Assert.Equal(2, source.GetPoolStatistics().Opened);
        }
        finally
        {
            await server.Cluster.PsqlAsync("grant execute on function pg_advisory_unlock_all() to public");
        }
    }

    [Fact]
    public async Task SettingsThatATextIsReadBy_CountAsItsPart()
    {
        await using PostgresDataSource source = Source(1, resetsSessions: false);
        const string Sql = "select extract(epoch from '2024-01-01 00:00'::timestamptz)::int8 as e, extract(epoch from '3/4/2024'::date)::int8 as d";
        await using PostgresDataSource fresh = Source(0);
        foreach (string setting in (string[])["select 1 as i", "set time zone 'Asia/Tokyo'", "set datestyle = 'ISO, DMY'", "set time zone 'UTC'"])
        {
            await source.RowsAsync(setting);
            string? last = null;
            for (int i = 0; i < 4; i++)
            {
                string row = await source.RowAsync(Sql);
                Assert.Equal(last ?? row, row);
                last = row;
            }

            Assert.Equal(await ExpectedAsync(), last);

            async Task<string> ExpectedAsync()
            {
                PostgresOptions options = server.Options() with
                {
                    SessionParameters =
                    [
                        new("TimeZone", (await source.RowAsync("select current_setting('TimeZone')")).Split('"')[3]),
                        new("DateStyle", (await source.RowAsync("select current_setting('DateStyle')")).Split('"')[3]),
                    ],
                };
                await using PostgresDataSource asSet = PostgresDataSource.Create(options);
                return await asSet.RowAsync(Sql);
            }
        }
    }

    [Fact]
    public async Task StreamLeftEarly_LeavesTheStatementOrDropsIt_AndTheNextRunIsRight()
    {
        await using PostgresDataSource source = Source(1);
        string sql = LiveStreams.Numbered(20_000);
        for (int i = 0; i < 12; i++)
        {
            await using JsonRowStream stream = await source.StreamTextAsync(sql);
            if (i % 3 == 0)
            {
                continue;
            }

            if (i % 3 == 1)
            {
                Assert.True(await stream.ReadBatchAsync());
                continue;
            }

            Assert.Equal(20_000, await stream.CountOnAsync(0));
        }
    }

    [Theory]
    [InlineData(PgBouncerMode.Transaction, true)]
    [InlineData(PgBouncerMode.Transaction, false)]
    [InlineData(PgBouncerMode.Session, false)]
    public async Task BehindAPooler_NothingIsPrepared(PgBouncerMode mode, bool resetsSessions)
    {
        await using PgBouncer bouncer = await PgBouncer.StartAsync(server.Cluster, new PgBouncerOptions { Mode = mode, PoolSize = mode == PgBouncerMode.Session ? 10 : 2 });
        PostgresOptions options = ConnectionString.Parse(bouncer.ConnectionString);
        await using PostgresDataSource source = PostgresDataSource.Create(options with { PrepareThreshold = 1, ResetsSessions = resetsSessions });
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal([$"{{\"i\":{i}}}"], await source.RowsOfAsync($"select {i} as i"));
            Assert.Equal("""{"n":0}""", await source.RowAsync("select count(*)::int as n from pg_prepared_statements"));
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async client =>
        {
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal([$"{{\"c\":{client},\"i\":{i}}}"], await source.RowsOfAsync($"select {client} as c, {i} as i"));
            }
        }));
        Assert.Equal("""{"n":0}""", await source.RowAsync("select count(*)::int as n from pg_prepared_statements"));
    }

    [Fact]
    public async Task ManyClients_ManyStatements_DroppedAndAltered_GiveTheirOwnRows()
    {
        int seed = Random.Shared.Next(1_000_000);
        output.WriteLine($"seed {seed}");
        await server.Cluster.PsqlAsync("drop table if exists shifting; create table shifting as select 1 as a, 'x' as b");
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with
        {
            PrepareThreshold = 1,
            MaxPreparedStatements = 4,
            Pool = new Connections.ConnectionPoolOptions { MaxSize = 4, LeaseTimeout = TimeSpan.FromMinutes(1) },
        });
        int rounds = LiveStreams.IsFull ? 2000 : 60;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            var random = new Random(seed + client);
            for (int i = 0; i < rounds; i++)
            {
                switch (random.Next(12))
                {
                    case 0:
                        await source.RowsAsync("deallocate all");
                        break;
                    case 1 when client == 0:
                        await source.RowsAsync(random.Next(2) == 0 ? "alter table shifting add column if not exists c int default 3" : "alter table shifting drop column if exists c");
                        break;
                    case 2:
                        string row = await source.RowAsync("select * from shifting");
                        Assert.True(row is """{"a":1,"b":"x"}""" or """{"a":1,"b":"x","c":3}""", $"{row} (seed {seed})");
                        break;
                    default:
                        int column = random.Next(8);
                        string sql = string.Create(CultureInfo.InvariantCulture, $"select $1::int as c{column}");
                        Assert.Equal([$"{{\"c{column}\":{i}}}"], await source.RowsAsync(new PostgresQuery(sql, PostgresParameter.From(i))));
                        break;
                }
            }
        })));
    }

    private PostgresDataSource Source(int threshold, bool resetsSessions = true) =>
        PostgresDataSource.Create(server.Options() with { PrepareThreshold = threshold, ResetsSessions = resetsSessions });
}
