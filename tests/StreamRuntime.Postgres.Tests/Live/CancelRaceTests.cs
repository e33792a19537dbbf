using System.Diagnostics;
using System.Globalization;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A cancel hits its own query or nothing, however close it comes to the end.</summary>
[Collection(LiveTests.Name)]
public sealed class CancelRaceTests(LiveServer server, ITestOutputHelper output)
{
    private static readonly int Rounds = LiveStreams.IsFull ? 10_000 : 200;

    [Theory]
    [InlineData("")]
    [InlineData("bouncer")]
    [InlineData("socket")]
    public async Task Cancel_RacingTheEnd_NeverHitsTheNextQueryOfTheConnection(string way)
    {
        await using PgBouncer? bouncer = way == "bouncer"
            ? await PgBouncer.StartAsync(server.Cluster, new PgBouncerOptions { PoolSize = 1, Settings = ["min_pool_size = 0"] })
            : null;
        string connectionString = way switch
        {
            "bouncer" => bouncer!.ConnectionString,
            "socket" => server.Cluster.SocketConnectionString,
            _ => server.Cluster.ConnectionString,
        };
        await RaceAsync(ConnectionString.Parse(connectionString), Rounds);
    }

    [Fact]
    public async Task Cancel_RacingTheEndUnderTls_NeverHitsTheNextQueryOfTheConnection()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions { Tls = true });
        await RaceAsync(ConnectionString.Parse($"{cluster.ConnectionString} sslmode=require"), Rounds / 2);
    }

    [Fact]
    public async Task Cancel_ThatFindsTheServerNotYetAtTheQuery_IsMadeAgain()
    {
        // A backend that is still reading its command ignores a cancel. Stopped, it gets the signal first and the command after.
        var selector = new HostSelector(server.Options("application_name=early") with { CancelTimeout = TimeSpan.FromSeconds(20) });
        PostgresConnection connection = await selector.OpenAsync(CancellationToken.None);
        await using (connection)
        {
            string status = $"/proc/{connection.ProcessId}/status";
            Assert.True(ChildProcess.SendSignal(connection.ProcessId, UnixSignal.Stop));
            await Wait.UntilAsync(() => Line(status, "State:").StartsWith('T'), TimeSpan.FromSeconds(10), "the backend has stopped");
            FrontendMessages.Parse(connection.Output, "", "select pg_sleep(3600)", []);
            FrontendMessages.Bind(connection.Output, "", "", []);
            FrontendMessages.Execute(connection.Output, "", 0);
            FrontendMessages.Sync(connection.Output);
            await connection.FlushAsync(CancellationToken.None);

            Task<bool> drain = QueryCanceller.DrainAsync(connection, cancel: true);

            // As long as the stopped backend has not taken the signal, it is pending.
            const int InterruptBit = 1 << ((int)UnixSignal.Interrupt - 1);
            await Wait.UntilAsync(
                () => (int.Parse(Line(status, "ShdPnd:"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & InterruptBit) != 0,
                TimeSpan.FromSeconds(10),
                "the cancel has reached the backend");
            Assert.True(ChildProcess.SendSignal(connection.ProcessId, UnixSignal.Continue));
            Assert.True(await drain);
        }

        await server.AssertIdleAsync("early");
    }

    private static string Line(string file, string name) =>
        File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();

    private async Task RaceAsync(PostgresOptions options, int rounds)
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        var selector = new HostSelector(options);
        var stops = new List<TimeSpan>(rounds);
        PostgresConnection? connection = null;
        int reopened = 0;
        int ended = 0;
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                connection ??= await selector.OpenAsync(CancellationToken.None);
                bool isClean = false;
                JsonRowStream stream = await StartAsync(connection, LiveStreams.Numbered(random.Next(1, 400)), clean => isClean = clean);
                using var cancel = new CancellationTokenSource();
                Task<int> reading = ReadAsync(stream, cancel.Token);
                long until = Stopwatch.GetTimestamp() + random.Next(0, 2000) * (Stopwatch.Frequency / 1_000_000);
                while (Stopwatch.GetTimestamp() < until)
                {
                    Thread.SpinWait(20);
                }

                long asked = Stopwatch.GetTimestamp();
                if (random.Next(2) == 0)
                {
                    await cancel.CancelAsync();
                }

                await stream.DisposeAsync();
                stops.Add(Stopwatch.GetElapsedTime(asked));
                ended += await reading;
                if (!isClean)
                {
                    reopened++;
                    await connection.DisposeAsync();
                    connection = null;
                    continue;
                }

                await using JsonRowStream next = await StartAsync(connection, LiveStreams.Numbered(20), clean => isClean = clean);
                try
                {
                    Assert.Equal(20, await next.CountOnAsync(0));
                }
                catch (PostgresServerException hit)
                {
                    Assert.Fail($"Seed {seed}, round {round}: a late cancel hit the next query: {hit.Message}");
                }

                Assert.True(isClean);
            }
        }
        finally
        {
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }
        }

        stops.Sort();
        output.WriteLine(
            $"Seed {seed}: {rounds} races, {ended} ended by themselves, {reopened} connections given up; cancel to stop p50 {stops[rounds / 2].TotalMilliseconds:0.0} ms, p99 {stops[rounds * 99 / 100].TotalMilliseconds:0.0} ms");
        Assert.Equal(0, reopened);
        Assert.InRange(ended, 0, rounds - 1);
    }

    private static async Task<JsonRowStream> StartAsync(PostgresConnection connection, string sql, Action<bool> released) => JsonRowStream.Create(
        await QueryStarter.StartAsync(
            connection,
            new PostgresQuery(sql),
            (_, clean) =>
            {
                released(clean);
                return default;
            },
            CancellationToken.None));

    /// <summary>1 when the result came to its end.</summary>
    private static async Task<int> ReadAsync(JsonRowStream stream, CancellationToken cancellationToken)
    {
        try
        {
            while (await stream.ReadBatchAsync(cancellationToken))
            {
            }

            return 1;
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
