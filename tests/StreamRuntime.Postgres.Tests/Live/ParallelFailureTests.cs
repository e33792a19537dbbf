using System.Globalization;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(MeasuredTests.Name)]
public sealed class ParallelFailureTests(LiveServer server)
{
    private const int Rows = 60_000;
    private const long MiB = 1024 * 1024;

    /// <summary>How it is read.</summary>
    public static TheoryData<string> Ways => ["merged", "separate", "ordered"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task BackendKilled_InMidStream_EndsAllWithItsError(string way)
    {
        await using ParallelRun run = await StartAsync(way, "killed");
        await run.ReadSomeAsync();
        await server.Cluster.PsqlAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'killed' and state = 'active' order by pid desc limit 1");
        foreach (Exception failure in await run.ReadToFailureAsync())
        {
            var lost = Assert.IsAssignableFrom<StreamRuntimeException>(failure);
            Assert.True(lost.SqlState == "57P01" || lost.Kind == ErrorKind.ConnectionLost, lost.Message);
        }

        await AssertNothingLeftAsync(run, "killed");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task PartitionInError_EndsAllWithItsErrorAfterItsRows(string way)
    {
        await using ParallelRun run = await StartAsync(way, "failing", $"where 1 / (id - {Rows / 2}) <> 5");
        foreach (Exception failure in await run.ReadToFailureAsync())
        {
            Assert.Equal("22012", Assert.IsType<PostgresServerException>(failure).SqlState);
        }

        if (way == "ordered")
        {
            Assert.InRange(run.Last, 1, Rows / 2);
        }

        await AssertNothingLeftAsync(run, "failing");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Cancel_InMidStream_EndsAllAndThrowsOnce(string way)
    {
        await using ParallelRun run = await StartAsync(way, "cancelled");
        using var cancel = new CancellationTokenSource();
        await run.ReadSomeAsync();
        Task<bool> read = ReadOnAsync(run.Parallel.Streams[0], cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        foreach (JsonRowStream other in run.Parallel.Streams.Skip(1))
        {
            var ended = await Assert.ThrowsAsync<StreamRuntimeException>(() => ReadOnAsync(other, CancellationToken.None));
            Assert.Equal(ErrorKind.StreamEnded, ended.Kind);
        }

        await AssertNothingLeftAsync(run, "cancelled");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Dispose_InMidStream_CancelsEveryBackendAndKeepsTheConnections(string way)
    {
        await using ParallelRun run = await StartAsync(way, "disposed");

        // So far that each backend sends: one that is just being started is closed, as nobody knows where it stands. In order, those ahead don't show how far they are.
        while (run.Parallel.GetProgress().Partitions.Count(p => p.Rows > 0) < (way == "ordered" ? 1 : 3))
        {
            await run.ReadSomeAsync();
        }

        await run.Parallel.DisposeAsync();
        await AssertNothingLeftAsync(run, "disposed");

        // Each was cancelled and drained, so all serve on.
        Assert.InRange(run.Source.GetPoolStatistics().Broken, 0, way == "ordered" ? 2 : 0);
        Assert.Equal("""{"r":"off"}""", await run.Source.RowAsync("select current_setting('transaction_read_only') as r"));
    }

    [Fact]
    public async Task DisposeOfOneSeparateStream_EndsTheOthers()
    {
        await using ParallelRun run = await StartAsync("separate", "forsaken");
        await run.ReadSomeAsync();
        await run.Parallel.Streams[1].DisposeAsync();
        var ended = await Assert.ThrowsAsync<StreamRuntimeException>(() => ReadOnAsync(run.Parallel.Streams[0], CancellationToken.None));
        Assert.Equal(ErrorKind.StreamEnded, ended.Kind);
        await run.Parallel.Streams[2].DisposeAsync();
        await AssertNothingLeftAsync(run, "forsaken");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Pause_StopsEveryBackendsSendingAndLosesNothing(string way)
    {
        await using ParallelRun run = await StartAsync(way, "pausedall");
        await run.ReadSomeAsync();
        await run.Parallel.PauseAsync("for lunch");
        Task<long> reading = run.ReadRestAsync();
        long sent = await WaitUntilStalledAsync("pausedall", backends: 3);

        // Held, however long one looks. The kernels still trade window probes, each of which may squeeze some more into the receive buffer.
        for (int look = 0; look < 10; look++)
        {
            Assert.InRange(await SentAsync() - sent, 0, 3 * MiB);
        }

        Assert.False(reading.IsCompleted);
        Assert.Equal(StreamState.Paused, run.Parallel.GetStatistics().State);
        await run.Parallel.ResumeAsync();
        Assert.Equal(Rows, await reading);
        Assert.Equal((1, "for lunch"), (run.Parallel.GetStatistics().Pauses, run.Parallel.GetStatistics().PauseReason));
        await AssertNothingLeftAsync(run, "pausedall");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Toggles_DuringOneRead_LoseAndDoubleNothing(string way)
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        int toggles = 0;
        await using ParallelRun run = await StartAsync(way, "togglesall");
        Task<long> reading = Task.Run(run.ReadRestAsync);
        while (!reading.IsCompleted)
        {
            try
            {
                await run.Parallel.PauseAsync();
                if (random.Next(8) == 0)
                {
                    await Task.Yield();
                }

                await run.Parallel.ResumeAsync();
                toggles++;
            }
            catch (StreamRuntimeException ended) when (ended.Kind == ErrorKind.StreamEnded)
            {
                break;
            }
        }

        long rows = await reading;
        Assert.True(rows == Rows && toggles > 0, $"{rows} rows, {toggles} toggles, seed {seed}");
    }

    [Fact]
    public async Task Limits_OfTheStream_HoldForEveryBackend()
    {
        await using ParallelRun run = await StartAsync("merged", "limited", options: new JsonRowStreamOptions { MaxRowBytes = 500 });
        foreach (Exception failure in await run.ReadToFailureAsync())
        {
            Assert.Equal(ErrorKind.RowTooLarge, Assert.IsType<StreamRuntimeException>(failure).Kind);
        }

        await AssertNothingLeftAsync(run, "limited");
    }

    [Theory]
    [InlineData("select count(*) from bulk", "key")]
    [InlineData("select * from bulk_view", "key")]
    [InlineData("select * from bulk limit 10", "key")]
    public async Task QueryThatCantBeCut_IsRefusedWithTheRemedy(string sql, string remedy)
    {
        await using ParallelRun run = await StartAsync("merged", "uncut");
        await server.Cluster.PsqlAsync("create or replace view bulk_view as select * from bulk");
        var refused = await Assert.ThrowsAsync<StreamRuntimeException>(async () => await run.Source.StreamInParallelAsync(new PostgresQuery(sql)));
        Assert.Equal(ErrorKind.Configuration, refused.Kind);
        Assert.Contains(remedy, refused.Message, StringComparison.Ordinal);
        var tooMany = await Assert.ThrowsAsync<StreamRuntimeException>(async () => await run.Source.StreamInParallelAsync(
            PostgresQuery.FromTable("bulk"), new ParallelReadOptions { Backends = 65 }));
        Assert.Equal(ErrorKind.Configuration, tooMany.Kind);
    }

    [Fact]
    public async Task WaitForALock_EndsAtTheDeadlineAndLeavesNothing()
    {
        await server.Cluster.PsqlAsync("drop table if exists locked; create table locked as select 1 as id");
        Task holding = server.Cluster.PsqlAsync("begin; lock table locked; select 1 as holding from pg_sleep(3); commit");
        await Wait.UntilAsync(
            async () => await server.Cluster.PsqlAsync("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = 'locked'::regclass") == "1",
            TimeSpan.FromSeconds(20),
            "the table is locked");
        await using PostgresDataSource source = server.Source("application_name=waiting");
        var late = await Assert.ThrowsAsync<StreamRuntimeException>(async () => await source.StreamInParallelAsync(
            PostgresQuery.FromTable("locked"), options: new JsonRowStreamOptions { ProgressTimeout = TimeSpan.FromMilliseconds(300) }));
        Assert.Equal(ErrorKind.Timeout, late.Kind);
        await server.AssertIdleAsync("waiting");
        await holding;
    }

    private static async Task<bool> ReadOnAsync(JsonRowStream stream, CancellationToken cancellationToken)
    {
        while (await stream.ReadBatchAsync(cancellationToken))
        {
        }

        return true;
    }

    private async Task<ParallelRun> StartAsync(string way, string application, string where = "", JsonRowStreamOptions? options = null)
    {
        // More than the kernel's buffers on both sides of three connections hold.
        await server.Cluster.PsqlAsync($"""
            create table if not exists bulk as select i as id, json_build_object('i', i, 'pad', repeat('x', 1000)) as data from generate_series(1, {Rows}) i;
            create unique index if not exists bulk_id on bulk (id);
            analyze bulk
            """);
        string sql = $"select id, data from bulk {where}";
        PostgresDataSource source = server.Source($"application_name={application}");
        ParallelRows rows = await source.StreamInParallelAsync(
            new PostgresQuery(sql),
            new ParallelReadOptions { Backends = 3, Partitions = 9, SeparateStreams = way == "separate", Key = way == "ordered" ? "id" : null },
            options);
        return new ParallelRun(source, rows);
    }

    private async Task AssertNothingLeftAsync(ParallelRun run, string application)
    {
        await server.AssertIdleAsync(application);
        Assert.Equal(0, run.Source.GetPoolStatistics().Leased);
    }

    private async Task<long> WaitUntilStalledAsync(string application, int backends)
    {
        string waiting = string.Join('\n', Enumerable.Repeat("active", backends));
        await Wait.UntilAsync(
            async () => await server.Cluster.PsqlAsync($"select state from pg_stat_activity where application_name = '{application}' and wait_event = 'ClientWrite'") == waiting,
            TimeSpan.FromSeconds(30),
            "every backend waits for us");
        long sent = -1;
        int same = 0;
        await Wait.UntilAsync(
            async () =>
            {
                long now = await SentAsync();
                same = now == sent ? same + 1 : 0;
                sent = now;
                return same == 10;
            },
            TimeSpan.FromSeconds(30),
            "the servers stop sending");
        return sent;
    }

    private async Task<long> SentAsync() => (await server.Cluster.ListConnectionsAsync()).Sum(c => c.SentBytes);

    /// <summary>One parallel read and what owns it.</summary>
    private sealed class ParallelRun(PostgresDataSource source, ParallelRows rows) : IAsyncDisposable
    {
        private long _read;

        public PostgresDataSource Source { get; } = source;

        public ParallelRows Parallel { get; } = rows;

        /// <summary>The number of the row read last.</summary>
        public int Last { get; private set; }

        public async Task ReadSomeAsync()
        {
            foreach (JsonRowStream stream in Parallel.Streams)
            {
                Assert.True(await stream.ReadBatchAsync());
                _read += stream.CurrentBatch.Count;
            }
        }

        /// <summary>All rows read in the end.</summary>
        public async Task<long> ReadRestAsync()
        {
            await Task.WhenAll(Parallel.Streams.Select(async stream =>
            {
                while (await stream.ReadBatchAsync())
                {
                    Interlocked.Add(ref _read, stream.CurrentBatch.Count);
                    Last = Number(stream.CurrentBatch[^1].ToString());
                }
            }));
            return _read;
        }

        /// <summary>What each stream ends with.</summary>
        public async Task<Exception[]> ReadToFailureAsync() => await Task.WhenAll(Parallel.Streams.Select(async stream =>
        {
            try
            {
                while (await stream.ReadBatchAsync())
                {
                    Last = Number(stream.CurrentBatch[^1].ToString());
                }
            }
            catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
            {
                Assert.Equal(StreamState.Error, stream.State);
                return failure;
            }

            throw new InvalidOperationException("The stream ended as if nothing had happened.");
        }));

        public async ValueTask DisposeAsync()
        {
            await Parallel.DisposeAsync();
            await Source.DisposeAsync();
        }

        private static int Number(string row)
        {
            string digits = new([.. row.SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit)]);
            return int.Parse(digits, CultureInfo.InvariantCulture);
        }
    }
}
