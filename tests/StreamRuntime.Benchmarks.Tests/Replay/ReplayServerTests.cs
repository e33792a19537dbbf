using System.Globalization;
using System.Text;
using Npgsql;
using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Wire;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Tests.Replay;

public sealed class ReplayServerTests(RecordedServer server) : IClassFixture<RecordedServer>
{
    private const int All = RecordedServer.Rows;

    [Fact]
    public void StartUp_SaysWhatTheServerSaid()
    {
        using var live = BareSession.Open(server.Live.Plain);
        using var replay = BareSession.Open(server.Replayed.Plain);

        Assert.NotEmpty(live.Greeting.Select("S"));
        Assert.Equal(live.Greeting.Select("RSZ"), replay.Greeting.Select("RSZ"));
        Assert.Equal(live.Greeting.Select("K").Length, replay.Greeting.Select("K").Length);
    }

    [Theory]
    [InlineData("json", 0, 0)]
    [InlineData("json", 0, 1)]
    [InlineData("json", 0, All)]
    [InlineData("json", 1, 7)]
    [InlineData("jsonb", 0, All)]
    [InlineData("jsonb", 1, 0)]
    [InlineData("jsonb", 1, All)]
    [InlineData("json_2kb", 0, RecordedServer.LargeRows)]
    [InlineData("json_2kb", 1, 3)]
    public void Query_GetsTheServersBytes(string type, short format, int rows) => AssertSameAnswers(
        new FrontendWriter().Parse(JsonTables.Query(type, rows)).Bind(format).Describe('P').Execute().Sync(),
        new FrontendWriter().Parse(JsonTables.Query(type, rows)).Describe('S').Sync(),
        new FrontendWriter().Bind(format).Execute().Sync(),
        new FrontendWriter().Parse(JsonTables.Query(type, rows)).Describe('S').Bind(format).Describe('P').Execute().Sync());

    [Theory]
    [InlineData(7, 3)]
    [InlineData(6, 3)]
    [InlineData(0, 3)]
    [InlineData(2, 100)]
    public void Query_InWindows_GetsTheServersBytes(int rows, int window) => AssertSameAnswers(
        new FrontendWriter().Parse(JsonTables.Query("json", rows)).Bind(0)
            .Execute(window).Execute(window).Execute(window).Execute(window).Execute().Sync());

    [Fact]
    public void Portal_AfterSync_IsGone()
    {
        foreach (string connection in (string[])[server.Live.Plain, server.Replayed.Plain])
        {
            using var session = BareSession.Open(connection);
            session.Send(new FrontendWriter().Parse(JsonTables.Query("json", 2)).Bind(0).Execute(1).Sync());
            session.ReadAnswer();

            session.Send(new FrontendWriter().Execute().Sync());

            Assert.Contains("34000", Assert.Throws<InvalidDataException>(() => session.ReadAnswer()).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Commands_GetTheServersBytes() => AssertSameAnswers([.. Recorder.Commands.Select(c => new FrontendWriter().Query(c))]);

    [Fact]
    public void Commands_ByParts_GetTheServersBytes() => AssertSameAnswers(
        [.. Recorder.Commands.Where(c => !c.Contains(';', StringComparison.Ordinal)).Select(c => new FrontendWriter().Parse(c).Bind(0).Execute().Sync())]);

    [Theory]
    [InlineData("json", 0)]
    [InlineData("json", 1)]
    [InlineData("json", 100)]
    [InlineData("json", All)]
    [InlineData("jsonb", All)]
    [InlineData("json_2kb", RecordedServer.LargeRows)]
    public async Task Psql_PrintsWhatItPrintsOfTheServer(string type, int rows)
    {
        string sql = JsonTables.Query(type, rows);

        string live = await PsqlAsync(server.Live, sql);
        string replay = await PsqlAsync(server.Replayed, sql);

        Assert.Equal(rows, live.Count(c => c == '\n'));
        Assert.Equal(live, replay);
    }

    [Fact]
    public async Task Psql_OfMoreRowsThanWereRecorded_PrintsThemAgain()
    {
        string once = await PsqlAsync(server.Live, JsonTables.Query("json"));

        string replay = await PsqlAsync(server.Replayed, JsonTables.Query("json", (2 * All) + 3));

        Assert.Equal(once + once + string.Concat(once.Split('\n').Take(3).Select(l => l + "\n")), replay);
    }

    [Theory]
    [InlineData("json", 0)]
    [InlineData("json", All)]
    [InlineData("jsonb", 5)]
    [InlineData("json_2kb", RecordedServer.LargeRows)]
    public async Task Library_ReadsWhatItReadsOfTheServer(string type, int rows)
    {
        // As it would by default, asking for TLS first.
        List<string> live = await ReadWithLibraryAsync(server.Live.Plain, JsonTables.Query(type, rows));
        List<string> replay = await ReadWithLibraryAsync(server.Replayed.Plain, JsonTables.Query(type, rows));

        Assert.Equal(rows, live.Count);
        Assert.Equal(live, replay);
    }

    [Theory]
    [InlineData("json", false)]
    [InlineData("jsonb", false)]
    [InlineData("jsonb", true)]
    public async Task Npgsql_ReadsWhatItReadsOfTheServer(string type, bool prepared)
    {
        List<string> live = await ReadWithNpgsqlAsync(server.Live, JsonTables.Query(type, All), prepared);
        using var own = ReplayServer.Start(server.Recording);
        List<string> replay = await ReadWithNpgsqlAsync(server.Replayed with { Port = own.Port }, JsonTables.Query(type, All), prepared);

        Assert.Equal(2 * All, live.Count);
        Assert.Equal(live, replay);
        Assert.Empty(own.Refusals);
    }

    [Theory]
    [InlineData(RowClients.Socket)]
    [InlineData(RowClients.AsyncSocket)]
    [InlineData(RowClients.Library)]
    [InlineData(RowClients.NpgsqlString)]
    [InlineData(RowClients.NpgsqlBytes)]
    [InlineData(RowClients.NpgsqlStream)]
    [InlineData(RowClients.NpgsqlSequentialBytes)]
    [InlineData(RowClients.NpgsqlJson)]
    public async Task Clients_AllCountTheSame(string name)
    {
        foreach ((string type, long rows) in ((string, long)[])[("json", 0), ("json", 2000), ("jsonb", 2000), ("json_2kb", 100)])
        {
            var subject = new PostgresSubject(name, name);
            await using var client = RowClients.Create(name, subject.ConnectionOf(server.Replayed));

            var expected = new RowTotals(rows, server.Recording.Find(type).Text.CountValueBytes(rows));
            Assert.Equal(expected, await client.ReadAsync(JsonTables.Query(type, rows)));
            Assert.Equal(expected, await client.ReadAsync(JsonTables.Query(type, rows)));
        }
    }

    [Fact]
    public async Task CountValueBytes_IsWhatTheServerCounts()
    {
        string counted = await server.Cluster.PsqlAsync("select sum(octet_length(data::text)) from json_rows");

        Assert.Equal(long.Parse(counted, CultureInfo.InvariantCulture), server.Recording.Find("json").Text.CountValueBytes(All));
        Assert.Equal(long.Parse(counted, CultureInfo.InvariantCulture) + All, server.Recording.Find("jsonb").Binary.CountValueBytes(All));
    }

    // Often enough to be prepared, with every form of the reset in between, on the one connection that was opened.
    [Theory]
    [InlineData(true, 5)]
    [InlineData(true, 0)]
    [InlineData(false, 5)]
    [InlineData(false, 0)]
    public async Task Library_UsesItsConnectionAgain(bool defersResets, int prepareThreshold)
    {
        using var replay = ReplayServer.Start(server.Recording);
        await using PostgresDataSource source = PostgresDataSource.Create(ConnectionString.Parse((server.Replayed with { Port = replay.Port }).Plain) with
        {
            DefersSessionResets = defersResets, PrepareThreshold = prepareThreshold,
        });
        for (int i = 0; i < 12; i++)
        {
            await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(JsonTables.Query("json", 7)));
            int rows = 0;
            await foreach (JsonRow row in stream)
            {
                rows++;
            }

            Assert.Equal(7, rows);
        }

        Assert.Empty(replay.Refusals);
        Assert.Equal((12L, 1L), (source.GetPoolStatistics().Leases, source.GetPoolStatistics().Opened));
    }

    [Fact]
    public async Task UnknownQuery_IsRefused_AndTheSessionGoesOn()
    {
        using var replay = ReplayServer.Start(server.Recording);
        await using var source = NpgsqlDataSource.Create((server.Replayed with { Port = replay.Port }).Npgsql);
        await using NpgsqlConnection connection = await source.OpenConnectionAsync();
        await using var unknown = new NpgsqlCommand("select 1", connection);

        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => unknown.ExecuteScalarAsync());

        Assert.Contains("select 1", refused.MessageText, StringComparison.Ordinal);
        Assert.Single(replay.Refusals);
        await using var known = new NpgsqlCommand(JsonTables.Query("json", 1), connection);
        Assert.StartsWith("{\"id\": 10000001,", Assert.IsType<string>(await known.ExecuteScalarAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AbandonedResult_DisturbsNobody()
    {
        using (var leaving = BareSession.Open(server.Replayed.Plain))
        {
            leaving.Send(RowWalker.Ask(JsonTables.Query("json", 100_000_000)));
        }

        Assert.Single(await ReadWithLibraryAsync(server.Replayed.Plain, JsonTables.Query("json", 1)));
    }

    private void AssertSameAnswers(params FrontendWriter[] questions)
    {
        using var live = BareSession.Open(server.Live.Plain);
        using var replay = BareSession.Open(server.Replayed.Plain);
        foreach (FrontendWriter question in questions)
        {
            live.Send(question);
            replay.Send(question);
            Assert.Equal(Encoding.Latin1.GetString(live.ReadAnswer().Bytes), Encoding.Latin1.GetString(replay.ReadAnswer().Bytes));
        }
    }

    private static async Task<string> PsqlAsync(ServerAddress address, string sql) =>
        Encoding.UTF8.GetString(await TestKit.Processes.CommandLine.RunAsync(PostgresPrograms.Path("psql"), ["-XAt", "-d", address.Plain, "-c", sql]));

    private static async Task<List<string>> ReadWithLibraryAsync(string connection, string sql)
    {
        await using var source = PostgresDataSource.Create(connection);
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql));
        List<string> rows = [];
        await foreach (JsonRow row in stream)
        {
            rows.Add(row.ToString());
        }

        return rows;
    }

    // Twice, on one connection of the pool, which is reset in between.
    private static async Task<List<string>> ReadWithNpgsqlAsync(ServerAddress address, string sql, bool prepared)
    {
        await using var source = NpgsqlDataSource.Create(address.Npgsql);
        List<string> rows = [];
        for (int i = 0; i < 2; i++)
        {
            await using NpgsqlConnection connection = await source.OpenConnectionAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            if (prepared)
            {
                await command.PrepareAsync();
            }

            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                rows.Add(reader.GetString(0));
            }
        }

        return rows;
    }
}
