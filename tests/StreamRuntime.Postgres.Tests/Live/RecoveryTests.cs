using System.Diagnostics;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A pool in the middle of its work when its server fails: the streams in flight say so, nobody else notices once the server accepts again.</summary>
public sealed class RecoveryTests(ITestOutputHelper output)
{
    private const string Application = "recovery";
    private const string Slow = "select json_build_object('i', i, 'pad', repeat('x', 9000), 's', pg_sleep(0.001)) from (select generate_series(1, 100000000) as i) _";
    private const int InFlight = 4;

    /// <summary>The promise: from the moment the server accepts.</summary>
    private static readonly TimeSpan ServesAgain = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(null)]
    [InlineData(PostgresStopMode.Fast)]
    [InlineData(PostgresStopMode.Immediate)]
    [InlineData(PostgresStopMode.Kill)]
    public async Task Server_TerminatesEveryone_OrRestarts_OnlyStreamsInFlightFail(PostgresStopMode? restart)
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using PostgresDataSource source = Source($"{cluster.ConnectionString} application_name={Application}");
        await using InFlightStreams streams = await InFlightStreams.StartAsync(source);

        if (restart is { } mode)
        {
            await cluster.RestartAsync(mode);
        }
        else
        {
            await cluster.PsqlAsync($"select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = '{Application}'");
        }

        // No error is allowed here: where the server has gone from an idle connection, another is opened.
        await ServesAsync(source, "select 1 as i");
        await streams.AssertLostAsync();
        await source.AssertSettledAsync(cluster, Application);
        await source.AssertGoneAfterDisposalAsync(cluster, Application);
    }

    [Fact]
    public async Task Primary_Killed_StandbyPromoted_ServesFromThere()
    {
        await using PostgresCluster primary = await PostgresCluster.StartAsync();
        await using PostgresCluster standby = await PostgresCluster.StartAsync(new PostgresClusterOptions { Primary = primary });
        await using PostgresDataSource source = Source(
            $"host={PostgresCluster.Host},{PostgresCluster.Host} port={primary.Port},{standby.Port} user={PostgresCluster.SuperUser} dbname=postgres "
            + $"target_session_attrs=read-write application_name={Application}");
        await using InFlightStreams streams = await InFlightStreams.StartAsync(source);
        await primary.StopAsync(PostgresStopMode.Kill);
        await streams.AssertLostAsync();

        // Between the two there is nobody who writes, which is an error a caller can act on: it names both, and why.
        var nobody = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync("select 1"));
        Assert.Equal((ErrorKind.ConnectFailed, true), (nobody.Kind, nobody.IsTransient));
        Assert.Contains("target_session_attrs", nobody.Message, StringComparison.Ordinal);

        await standby.PromoteAsync();

        await ServesAsync(source, "select json_build_object('i', case when pg_is_in_recovery() then 0 else 1 end)");
        await source.RowsAsync("create table written as select 1 as i");
        await source.AssertSettledAsync(standby, Application);
        await source.AssertGoneAfterDisposalAsync(standby, Application);
    }

    // A client that tries all the time, from before the promotion on, as a service would.
    [Fact]
    public async Task Primary_Killed_StandbyPromoted_ClientsThatTryAgain_SeeNoOtherErrors()
    {
        const int Clients = 20;
        await using PostgresCluster primary = await PostgresCluster.StartAsync();
        await using PostgresCluster standby = await PostgresCluster.StartAsync(new PostgresClusterOptions { Primary = primary });
        await using PostgresDataSource source = Source(
            $"host={PostgresCluster.Host},{PostgresCluster.Host} port={primary.Port},{standby.Port} user={PostgresCluster.SuperUser} dbname=postgres "
            + $"target_session_attrs=read-write application_name={Application}");
        using var end = new CancellationTokenSource();
        long rows = 0;
        long failures = 0;
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                try
                {
                    await using JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(500));
                    Assert.Equal(500, await stream.CountOnAsync(0));
                    Interlocked.Add(ref rows, 500);
                }
                catch (StreamRuntimeException failure) when (IsOfTheOutage(failure))
                {
                    Interlocked.Increment(ref failures);
                }
            }
        }))];
        await Wait.UntilAsync(() => Interlocked.Read(ref rows) > 100_000, TimeSpan.FromSeconds(20), "all are at work");

        await primary.StopAsync(PostgresStopMode.Kill);
        await standby.PromoteAsync();

        long before = Interlocked.Read(ref rows);
        var accepted = Stopwatch.StartNew();
        await Wait.UntilAsync(() => Interlocked.Read(ref rows) > before, ServesAgain, "rows come again");
        output.WriteLine($"rows again after {accepted.ElapsedMilliseconds} ms; {failures} failures in the outage");
        await Wait.UntilAsync(() => Interlocked.Read(ref rows) > before + 100_000, TimeSpan.FromSeconds(20), "all are at work again");
        await end.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(failures > 0, "nobody noticed the outage: there was none");
        await source.AssertSettledAsync(standby, Application);
        await source.AssertGoneAfterDisposalAsync(standby, Application);
    }

    private static bool IsOfTheOutage(StreamRuntimeException failure) => failure.IsTransient
        && (failure.Kind is ErrorKind.ConnectionLost or ErrorKind.ConnectFailed || failure is PostgresServerException { SqlState: "57P01" or "57P02" or "57P03" });

    private static PostgresDataSource Source(string connectionString) =>
        PostgresDataSource.Create(ConnectionString.Parse(connectionString) with { Pool = new ConnectionPoolOptions { MaxSize = 10 } });

    private async Task ServesAsync(PostgresDataSource source, string sql)
    {
        var waited = Stopwatch.StartNew();
        string[] rows = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => source.RowAsync(sql))).WaitAsync(ServesAgain);
        output.WriteLine($"20 clients served within {waited.ElapsedMilliseconds} ms; {source.GetPoolStatistics()}");
        Assert.All(rows, row => Assert.Equal("""{"i":1}""", row.Replace(" ", "", StringComparison.Ordinal)));
    }

    /// <summary>A pool at work: some of its connections stream, some are idle.</summary>
    private sealed class InFlightStreams : IAsyncDisposable
    {
        private readonly List<JsonRowStream> _streams = [];
        private readonly List<Task> _reading = [];

        public static async Task<InFlightStreams> StartAsync(PostgresDataSource source)
        {
            var all = new InFlightStreams();
            var idle = new List<JsonRowStream>();
            for (int i = 0; i < InFlight; i++)
            {
                all._streams.Add(await source.StreamTextAsync(Slow));
                idle.Add(await source.StreamTextAsync("select 1"));
            }

            foreach (JsonRowStream stream in idle)
            {
                await stream.DisposeAsync();
            }

            Assert.Equal((InFlight, InFlight), (source.GetPoolStatistics().Leased, source.GetPoolStatistics().Idle));
            all._reading.AddRange(all._streams.Select(s => s.CountBatchesAsync()));
            return all;
        }

        public async Task AssertLostAsync()
        {
            for (int i = 0; i < _streams.Count; i++)
            {
                Task reading = _reading[i];
                await _streams[i].AssertLostAsync(() => reading);
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (JsonRowStream stream in _streams)
            {
                await stream.DisposeAsync();
            }
        }
    }
}
