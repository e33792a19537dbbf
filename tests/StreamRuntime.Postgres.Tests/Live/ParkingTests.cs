using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Streams of a real server that give their connections back and go on later.</summary>
[Collection(LiveTests.Name)]
public sealed class ParkingTests(LiveServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly ResumeTokenOptions s_tokens = new() { Protector = new AesGcmTokenProtector(RandomNumberGenerator.GetBytes(32)) };

    public static TheoryData<string> Keys => [.. ParkingTable.Keys];

    public static TheoryData<string, string, ErrorKind, string> Refusals => new()
    {
        { "select 1 as a", "b", ErrorKind.Configuration, "\"b\", which the result does not have" },
        { "select 1 as a, 2 as a", "a", ErrorKind.Configuration, "of which the result has 2" },
        { "select 1.5::float8 as a", "a", ErrorKind.UnsupportedType, "numeric" },
        { "select 1.5::float4 as a", "a", ErrorKind.UnsupportedType, "numeric" },
        { "select '{}'::json as a", "a", ErrorKind.UnsupportedType, "\"a\"" },
        { "select '{}'::jsonb as a", "a", ErrorKind.UnsupportedType, "\"a\"" },
        { "select interval '1 day' as a", "a", ErrorKind.UnsupportedType, "\"a\"" },
        { "select timetz '1:00' as a", "a", ErrorKind.UnsupportedType, "\"a\"" },
        { "select array[1] as a", "a", ErrorKind.UnsupportedType, "\"a\"" },
        { "select inet '::1' as a", "a", ErrorKind.UnsupportedType, "\"a\"" },
        { "select row(1) as a", "a", ErrorKind.UnsupportedType, "\"a\"" },
        { "select 1 as a; select 2", "a", ErrorKind.Server, "multiple commands" },
        { "set work_mem = '1MB'", "a", ErrorKind.Configuration, "does not have" },
        { "select null::int as a", "a", ErrorKind.KeyViolation, "\"a\" is null" },
        { "select * from (values (1, null), (2, 3)) _(a, b)", "a, b", ErrorKind.KeyViolation, "\"b\" is null" },
        { "select * from (values (1), (2), (2)) _(a)", "a", ErrorKind.KeyViolation, "same value" },
        { "select * from (values (1.0), (2.0), (2.00)) _(a)", "a desc", ErrorKind.KeyViolation, "same value" },
        { "select * from (values (1, 'x'::bpchar), (1, 'x  '::bpchar)) _(a, b)", "a, b", ErrorKind.KeyViolation, "same values" },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task ParkedAndContinuedEverywhere_GivesEveryRowOnceAndInOrder(string key)
    {
        await ParkingTable.CreateAsync(server);
        int[] order = await ParkingTable.OrderAsync(server, key);
        await using PostgresDataSource source = server.Source($"application_name=park-{Guid.NewGuid():N}");
        var random = new Random(key.Length);
        var seen = new List<int>();
        JsonRowStream stream = await source.StreamAsync(ParkingTable.Query(key), ParkingTable.Options(s_tokens));
        for (bool ended = false; !ended;)
        {
            await using (IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator())
            {
                for (int left = random.Next(60); left > 0 && !ended; left--)
                {
                    ended = !await rows.MoveNextAsync();
                    if (!ended)
                    {
                        seen.Add(LiveStreams.NumberOf(rows.Current));
                    }
                }
            }

            if (ended)
            {
                break;
            }

            if (random.Next(2) == 0)
            {
                await stream.ParkAsync().WaitAsync(s_patience);
                Assert.Equal(0, source.GetPoolStatistics().Leased);
                await stream.ResumeAsync();
            }
            else
            {
                string token = stream.GetResumeToken();
                await stream.DisposeAsync();
                stream = await source.StreamAsync(ParkingTable.Query(key), ParkingTable.Options(s_tokens, token));
            }
        }

        await stream.DisposeAsync();
        Assert.Equal(order, seen);
    }

    [Fact]
    public async Task Key_ThatTheQueryDoesNotOrderBy_IsTheOrderOfItsRows() => Assert.Equal(
        ["{\"a\":3,\"b\":\"x\"}", "{\"a\":2,\"b\":\"z\"}", "{\"a\":1,\"b\":\"y\"}"],
        await RowsAsync("select * from (values (1, 'y'), (3, 'x'), (2, 'z')) _(a, b) order by b", "a desc"));

    [Theory]
    [InlineData("select json_build_object('k', a) as data, a from generate_series(1, 2) a", "{\"k\" : 1}")]
    [InlineData("select a, json_build_object('k', a) as data from generate_series(1, 2) a", "{\"k\" : 1}")]
    [InlineData("select a, null::json from generate_series(1, 2) a", "null")]
    [InlineData("select a from generate_series(1, 2) a", "{\"a\":1}")]
    [InlineData("select a, 'x' as b, json_build_object('k', a) as data from generate_series(1, 2) a", "{\"a\":1,\"b\":\"x\",\"data\":{\"k\" : 1}}")]
    [InlineData("select a, 'x' as b, 'y' as b from generate_series(1, 2) a", "{\"a\":1,\"b\":\"x\",\"b\":\"y\"}")]
    [InlineData("select a, row(a, 'y') as r from generate_series(1, 2) a", "{\"a\":1,\"r\":{\"f1\":1,\"f2\":\"y\"}}")]
    [InlineData("select a, date '2000-01-01' + a as d from generate_series(1, 2) a; -- end", "{\"a\":1,\"d\":\"2000-01-02\"}")]
    public async Task Rows_OfAQueryWithAKey_AreThoseWithout_OrItsOneColumnOfJson(string sql, string first)
    {
        List<string> rows = await RowsAsync(sql, "a");
        Assert.Equal((2, first), (rows.Count, rows[0]));
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql).WithKey("a"));
        await using (IAsyncEnumerator<JsonRow> each = stream.GetAsyncEnumerator())
        {
            Assert.True(await each.MoveNextAsync());
            Assert.Equal(rows[0], each.Current.ToString());
        }

        await stream.ParkAsync();
        await stream.ResumeAsync();
        Assert.Equal([rows[1]], await stream.RestAsync());
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Key_ThatCannotTellRowsApart_EndsInAClearError(string sql, string key, ErrorKind kind, string reason)
    {
        await using PostgresDataSource source = server.Source();
        var refused = await Assert.ThrowsAnyAsync<StreamRuntimeException>(async () =>
        {
            await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql).WithKey(key));
            await stream.RestAsync();
        });
        Assert.Equal(kind, refused.Kind);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);

        // The statement was at fault and not its connection.
        Assert.Equal("{\"a\":1}", await source.RowAsync("select 1 as a"));
        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Theory]
    [InlineData("DateStyle", "SQL, DMY", "select date '2000-01-01' as a", "DateStyle")]
    [InlineData("bytea_output", "escape", "select '\\x01'::bytea as a", "bytea_output")]
    public async Task Key_WhoseTextDependsOnTheSession_IsRefused(string setting, string value, string sql, string reason)
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { SessionParameters = [new(setting, value)] });
        var refused = await Assert.ThrowsAsync<StreamRuntimeException>(async () =>
        {
            await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql).WithKey("a"));
            await stream.RestAsync();
        });
        Assert.Equal(ErrorKind.Configuration, refused.Kind);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherDateStyle_WithoutDatesInTheKey_StreamsWhatTheServerMakesOfThem()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { SessionParameters = [new("DateStyle", "SQL, DMY")] });
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery("select 1 as a, date '2000-02-01' as d").WithKey("a"));
        Assert.Equal(["{\"a\":1,\"d\":\"2000-02-01\"}"], await stream.RestAsync());
    }

    // Rows that differ to the eye and are the same to the server: nothing shows until the stream is to go on between the two.
    [Theory]
    [InlineData("select a, b from (values (1, 'x'), (2, 'é'), (2, 'e')) _(a, b)", "a", "same value")]
    [InlineData("select a collate \"parking_blind\" as a from (values ('a'), ('b'), ('B'), ('c')) _(a)", "a", "same value")]
    [InlineData("select a from (values (1), (2), (null), (3)) _(a)", "a", "null")]
    [InlineData("select a, b from (values (1, 1), (2, 2), (3, null), (4, 4)) _(a, b)", "a, b", "null")]
    public async Task Park_BetweenRowsThatTheKeyCannotTellApart_NeverLosesOrDoublesOne(string sql, string key, string reason)
    {
        await server.Cluster.PsqlAsync("create collation if not exists parking_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql).WithKey(key));
        await using (IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator())
        {
            Assert.True(await rows.MoveNextAsync() && await rows.MoveNextAsync());
        }

        await stream.ParkAsync();
        await stream.ResumeAsync();
        var refused = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.RestAsync());
        Assert.Equal(ErrorKind.KeyViolation, refused.Kind);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Fact]
    public async Task Park_WhoseRowIsDeletedMeanwhile_GoesOnAfterIt()
    {
        string table = $"parked_{Guid.NewGuid():N}";
        await server.Cluster.PsqlAsync($"create table {table} as select generate_series(1, 5) as a");
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery("select a from " + table).WithKey("a"));
        await using (IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator())
        {
            Assert.True(await rows.MoveNextAsync() && await rows.MoveNextAsync());
        }

        await stream.ParkAsync();
        await server.Cluster.PsqlAsync($"delete from {table} where a in (2, 4); insert into {table} values (6)");
        await stream.ResumeAsync();
        Assert.Equal(["{\"a\":3}", "{\"a\":5}", "{\"a\":6}"], await stream.RestAsync());
    }

    [Fact]
    public async Task Park_DuringALongReceive_CancelsTheQuery_AndItsConnectionServesTheNext()
    {
        string application = $"park-{Guid.NewGuid():N}";
        await using PostgresDataSource source = server.Source($"application_name={application}");
        await using JsonRowStream stream = await source.StreamAsync(
            new PostgresQuery("select a, pg_sleep(case when a > 2 then 600 else 0 end)::text as s from generate_series(1, 3) a").WithKey("a"), JsonRowStreamOptions.Default with { ResumeTokens = s_tokens });
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await server.WaitForEventAsync(application, "PgSleep");
        await stream.ParkAsync().WaitAsync(s_patience);
        await server.AssertIdleAsync(application);
        Assert.False(read.IsCompleted);
        Assert.Equal((0, 1), (source.GetPoolStatistics().Leased, source.GetPoolStatistics().Idle));
        Assert.Equal("{\"a\":1}", await source.RowAsync("select 1 as a"));
        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task Park_WithoutAKey_NamesTheRemedy()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync("select 1 as a");
        Assert.Contains(nameof(PostgresQuery.WithKey), (await Assert.ThrowsAsync<NotSupportedException>(() => stream.ParkAsync())).Message, StringComparison.Ordinal);
        Assert.Contains(
            nameof(PostgresQuery.WithKey),
            (await Assert.ThrowsAsync<NotSupportedException>(() => source.StreamTextAsync("select 1", ParkingTable.Options(s_tokens, "x")).AsTask())).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select a, {0} as b from generate_series(1, 9) a", "a", 1, "another query")]
    [InlineData("select a, {0} as b  from generate_series(1, 9) a", "a desc", 1, "another query")]
    [InlineData("select a, {0} as b from generate_series(1, 9) a", "a", 2, "parameter values")]
    public async Task Token_OfAnother_IsRefusedBeforeTheServerIsAsked(string sql, string key, int value, string reason)
    {
        await using PostgresDataSource source = server.Source();
        var query = new PostgresQuery("select a, $1 as b from generate_series(1, 9) a", PostgresParameter.From(1)).WithKey("a");
        string token;
        await using (JsonRowStream stream = await source.StreamAsync(query, ParkingTable.Options(s_tokens)))
        {
            Assert.True(await stream.ReadBatchAsync());
            token = stream.GetResumeToken();
        }

        // Its own takes it, or the refusals below would say nothing.
        await (await source.StreamAsync(query, ParkingTable.Options(s_tokens, token))).DisposeAsync();
        long leases = source.GetPoolStatistics().Leases;
        string text = sql.Replace("{0}", "$1", StringComparison.Ordinal) + (value == 1 && key == "a" ? " " : "");
        var refused = await Assert.ThrowsAsync<StreamRuntimeException>(
            () => source.StreamAsync(new PostgresQuery(text, PostgresParameter.From(value)).WithKey(key), ParkingTable.Options(s_tokens, token)).AsTask());
        Assert.Equal(ErrorKind.ResumeRefused, refused.Kind);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal(leases, source.GetPoolStatistics().Leases);
    }

    [Fact]
    public async Task Token_OfACompleteResult_AsksTheServerNothing()
    {
        await using PostgresDataSource source = server.Source();
        PostgresQuery query = new PostgresQuery("select a from generate_series(1, 9) a").WithKey("a");
        await using JsonRowStream stream = await source.StreamAsync(query, ParkingTable.Options(s_tokens));
        Assert.Equal(9, (await stream.RestAsync()).Count);
        long leases = source.GetPoolStatistics().Leases;
        await using JsonRowStream again = await source.StreamAsync(query, ParkingTable.Options(s_tokens, stream.GetResumeToken()));
        Assert.Empty(await again.RestAsync());
        Assert.Equal((StreamState.Complete, leases), (again.State, source.GetPoolStatistics().Leases));
    }

    [Fact]
    public async Task Token_AfterTheServerWasLost_ContinuesOnAnotherConnection()
    {
        string application = $"park-{Guid.NewGuid():N}";
        const int Rows = 50_000;
        PostgresQuery query = PostgresQuery.From($"select json_build_object('i', i, 'pad', repeat('x', 500)) as data, i from generate_series(1, {Rows}) i").WithKey("i");
        await using PostgresDataSource source = server.Source($"application_name={application}");
        JsonRowStream stream = await source.StreamAsync(query, ParkingTable.Options(s_tokens));
        Assert.True(await stream.ReadBatchAsync());
        int last = stream.CountBatch(0);
        await server.Cluster.PsqlAsync($"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{application}'");
        await Assert.ThrowsAnyAsync<StreamRuntimeException>(async () =>
        {
            while (await stream.ReadBatchAsync())
            {
                last = stream.CountBatch(last);
            }
        });
        Assert.InRange(last, 1, Rows - 1);
        string token = stream.GetResumeToken();
        await stream.DisposeAsync();
        await using JsonRowStream again = await source.StreamAsync(query, ParkingTable.Options(s_tokens, token));
        Assert.Equal(Rows, await again.CountOnAsync(last));
    }

    [Fact]
    public async Task Filtered_RowsInBetween_DoNotComeTwice()
    {
        await ParkingTable.CreateAsync(server);
        await using PostgresDataSource source = server.Source();
        JsonRowStreamOptions options = ParkingTable.Options(s_tokens) with { Where = static row => row.IndexOf("\"i\" : 1"u8) >= 0 };
        await using JsonRowStream stream = await source.StreamAsync(ParkingTable.Query("id"), options);
        var seen = new List<int>();
        while (await stream.ReadBatchAsync())
        {
            Take(stream, seen);
            await stream.ParkAsync();
            await stream.ResumeAsync();
        }

        Assert.Equal(Enumerable.Range(1, ParkingTable.Rows).Where(i => i.ToString(CultureInfo.InvariantCulture)[0] == '1'), seen);
        Assert.Equal(ParkingTable.Rows, seen.Count + stream.GetStatistics().RowsFiltered);
        Assert.InRange(stream.GetStatistics().Parks, 3, 100);
    }

    [Fact]
    public async Task Resumes_WithAPoolOfOne_AreServedInTheOrderOfAsking_AndKnowTheirPlace()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { Pool = new() { MaxSize = 1 } });
        var streams = new JsonRowStream[6];
        for (int i = 0; i < streams.Length; i++)
        {
            streams[i] = await source.StreamAsync(new PostgresQuery("select a from generate_series(1, 2000) a").WithKey("a"), ParkingTable.Options());
            await streams[i].ParkAsync();
        }

        await using (JsonRowStream other = await source.StreamTextAsync("select generate_series(1, 100000) as a", ParkingTable.Options()))
        {
            foreach (JsonRowStream stream in streams)
            {
                await stream.ResumeAsync();
            }

            Assert.Equal([0, 1, 2, 3, 4, 5], streams.Select(s => s.ResumeQueuePosition));

            // One leaves, and all behind it move up.
            await streams[0].ParkAsync();
            Assert.Equal([null, 0, 1, 2, 3, 4], streams.Select(s => s.ResumeQueuePosition));
        }

        for (int i = 1; i < streams.Length; i++)
        {
            Assert.True(await streams[i].ReadBatchAsync().AsTask().WaitAsync(s_patience));
            Assert.Null(streams[i].ResumeQueuePosition);
            Assert.Equal("{\"a\":1}", streams[i].CurrentBatch[0].ToString());
            await streams[i].DisposeAsync();
        }

        await streams[0].DisposeAsync();
        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task Resume_ThatFindsNoConnectionInTime_IsToldByTheRead()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { Pool = new() { MaxSize = 1, LeaseTimeout = TimeSpan.FromMilliseconds(50) } });
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery("select a from generate_series(1, 9) a").WithKey("a"), ParkingTable.Options(s_tokens));
        await stream.ParkAsync();
        await using JsonRowStream other = await source.StreamTextAsync("select generate_series(1, 100000) as a", ParkingTable.Options());
        await stream.ResumeAsync();
        var late = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.ReadBatchAsync().AsTask().WaitAsync(s_patience));
        Assert.Equal(ErrorKind.Timeout, late.Kind);
        await other.DisposeAsync();
        await using JsonRowStream again = await source.StreamAsync(new PostgresQuery("select a from generate_series(1, 9) a").WithKey("a"), ParkingTable.Options(s_tokens, stream.GetResumeToken()));
        Assert.Equal(9, (await again.RestAsync()).Count);
    }

    [Fact]
    public async Task Key_OfATableThatIsAlteredMeanwhile_IsLearntAgain()
    {
        string table = $"parked_{Guid.NewGuid():N}";
        await server.Cluster.PsqlAsync($"create table {table} as select generate_series(1, 3) as a, 'x' as b");
        await using PostgresDataSource source = server.Source();
        PostgresQuery query = new PostgresQuery("select * from " + table).WithKey("a");
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal("{\"a\":1,\"b\":\"x\"}", (await source.RowsAsync(query))[0]);
        }

        await server.Cluster.PsqlAsync($"alter table {table} add c int default 5");
        Assert.Equal("{\"a\":1,\"b\":\"x\",\"c\":5}", (await source.RowsAsync(query))[0]);
        await server.Cluster.PsqlAsync($"alter table {table} alter a type bigint");
        try
        {
            await source.RowsAsync(query);
        }
        catch (StreamRuntimeException changed) when (changed.IsTransient)
        {
            // May be said once, of a statement that was sent as it was known.
        }

        Assert.Equal("{\"a\":1,\"b\":\"x\",\"c\":5}", (await source.RowsAsync(query))[0]);
    }

    private static void Take(JsonRowStream stream, List<int> seen)
    {
        foreach (JsonRow row in stream.CurrentBatch)
        {
            seen.Add(LiveStreams.NumberOf(row));
        }
    }

    private async Task<List<string>> RowsAsync(string sql, string key)
    {
        await using PostgresDataSource source = server.Source();
        return await source.RowsAsync(new PostgresQuery(sql).WithKey(key));
    }
}
