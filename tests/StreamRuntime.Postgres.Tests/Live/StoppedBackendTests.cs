using System.Globalization;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A backend that stands still for a while (SIGSTOP, SIGCONT), in the middle of a stream and idle: the server is there, and does not answer.</summary>
public sealed class StoppedBackendTests(LiveServer server) : IClassFixture<LiveServer>
{
    private static readonly TimeSpan Standstill = TimeSpan.FromSeconds(LiveStreams.IsFull ? 5 : 2);
    private static readonly JsonRowStreamOptions Impatient = new() { ProgressTimeout = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task InMidStream_PatientStream_GoesOnWithTheVeryNextRow()
    {
        const string Application = "standstill_patient";
        const int Rows = 200_000;
        await using PostgresDataSource source = Source(Application);
        int backend = await BackendAsync(source);
        await using (JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(Rows)))
        {
            Assert.True(await stream.ReadBatchAsync());
            int last = stream.CountBatch(0);
            Task goOn;
            await using (Stopped.Stop(backend))
            {
                Task<int> rest = stream.CountOnAsync(last);
                goOn = rest;
                await ServesAsync(source);
                await Task.Delay(Standstill);
                Assert.False(rest.IsCompleted, "the backend was to stand still");
            }

            await goOn;
            Assert.Equal(StreamState.Complete, stream.State);
        }

        await source.AssertSettledAsync(server.Cluster, Application);
        await source.AssertGoneAfterDisposalAsync(server.Cluster, Application);
    }

    [Fact]
    public async Task InMidStream_ProgressTimeout_EndsThatStreamAlone()
    {
        const string Application = "standstill_in_stream";
        await using PostgresDataSource source = Source(Application);
        int backend = await BackendAsync(source);
        await using (JsonRowStream stream = await source.StreamTextAsync(LiveStreams.Numbered(100_000_000), Impatient))
        {
            Assert.True(await stream.ReadBatchAsync());
            int last = stream.CountBatch(0);
            await using (Stopped.Stop(backend))
            {
                var silent = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.CountOnAsync(last));
                Assert.Equal((ErrorKind.Timeout, true), (silent.Kind, silent.IsTransient));
                Assert.Contains(nameof(JsonRowStreamOptions.ProgressTimeout), silent.Message, StringComparison.Ordinal);
                await stream.DisposeAsync();
                await ServesAsync(source);
                await Task.Delay(Standstill);
                await ServesAsync(source);
            }
        }

        // The backend goes on, is told that nobody wants its rows any more, and is gone.
        await source.AssertSettledAsync(server.Cluster, Application);
        Assert.DoesNotContain(backend.ToString(CultureInfo.InvariantCulture), await BackendsAsync(Application), StringComparison.Ordinal);
        await source.AssertGoneAfterDisposalAsync(server.Cluster, Application);
    }

    [Fact]
    public async Task Idle_NextQueryWaits_AndIsAnsweredWhenTheBackendGoesOn()
    {
        const string Application = "standstill_idle_patient";
        await using PostgresDataSource source = Source(Application);
        int backend = await BackendAsync(source);
        Task<string> row;
        await using (Stopped.Stop(backend))
        {
            row = source.RowAsync("select 1 as i");
            await ServesAsync(source);
            await Task.Delay(Standstill);
        }

        Assert.Equal("""{"i":1}""", await row);
        await source.AssertSettledAsync(server.Cluster, Application);
        await source.AssertGoneAfterDisposalAsync(server.Cluster, Application);
    }

    [Fact]
    public async Task Idle_ProgressTimeout_EndsThatQueryAlone()
    {
        const string Application = "standstill_idle";
        await using PostgresDataSource source = Source(Application);
        int backend = await BackendAsync(source);
        await using (Stopped.Stop(backend))
        {
            var silent = await Assert.ThrowsAsync<StreamRuntimeException>(async () => await source.StreamTextAsync("select 1 as i", Impatient));
            Assert.Equal((ErrorKind.Timeout, true), (silent.Kind, silent.IsTransient));
            await ServesAsync(source);
            await Task.Delay(Standstill);
            await ServesAsync(source);
        }

        await source.AssertSettledAsync(server.Cluster, Application);
        Assert.DoesNotContain(backend.ToString(CultureInfo.InvariantCulture), await BackendsAsync(Application), StringComparison.Ordinal);
        await source.AssertGoneAfterDisposalAsync(server.Cluster, Application);
    }

    private static async Task ServesAsync(PostgresDataSource source)
    {
        string[] rows = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => source.RowAsync("select 2 as i"))).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.All(rows, row => Assert.Equal("""{"i":2}""", row));
    }

    /// <summary>The process behind the connection that the next stream will use.</summary>
    private async Task<int> BackendAsync(PostgresDataSource source)
    {
        string row = await source.RowAsync("select pg_backend_pid() as p");
        int backend = int.Parse([.. row.Where(char.IsAsciiDigit)], CultureInfo.InvariantCulture);

        // A connection whose reset has no answer is not waited for as long as a query is; here it is the query that shall wait.
        await Wait.UntilAsync(
            async () => await server.Cluster.PsqlAsync($"select state, query from pg_stat_activity where pid = {backend}") == "idle|DISCARD ALL",
            TimeSpan.FromSeconds(20),
            "the session is reset");
        return backend;
    }

    private Task<string> BackendsAsync(string application) =>
        server.Cluster.PsqlAsync($"select pid from pg_stat_activity where application_name = '{application}'");

    private PostgresDataSource Source(string application) => PostgresDataSource.Create(
        ConnectionString.Parse($"{server.Cluster.ConnectionString} application_name={application}") with
        {
            Pool = new ConnectionPoolOptions { MaxSize = 4 },
            CancelTimeout = TimeSpan.FromMilliseconds(500),
        });

    /// <summary>A process that stands still until this is disposed.</summary>
    private sealed class Stopped(int processId) : IAsyncDisposable
    {
        public static Stopped Stop(int processId)
        {
            Assert.True(ChildProcess.SendSignal(processId, UnixSignal.Stop));
            return new Stopped(processId);
        }

        public ValueTask DisposeAsync()
        {
            ChildProcess.SendSignal(processId, UnixSignal.Continue);
            return default;
        }
    }
}
