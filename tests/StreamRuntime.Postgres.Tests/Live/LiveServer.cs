using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A real PostgreSQL for the tests of one collection, everybody trusted, with and without TCP.</summary>
public sealed class LiveServer : IAsyncLifetime
{
    /// <summary>How long a query that nobody wants any more may be seen running after its stream was let go. The promise is 1 s; the rest is psql's start.</summary>
    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(2);

    private PostgresCluster? _cluster;

    public PostgresCluster Cluster => _cluster ?? throw new InvalidOperationException("The server was not started.");

    public async Task InitializeAsync() => _cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions
    {
        // Compiling a plan hears no cancel, and on a busy machine it takes seconds.
        Settings = ["jit = off"],
    });

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    public PostgresOptions Options(string more = "") => ConnectionString.Parse($"{Cluster.ConnectionString} {more}");

    public PostgresDataSource Source(string more = "") => PostgresDataSource.Create(Options(more));

    /// <summary>Waits until no query of the named application runs, and says what is left if one does.</summary>
    public async Task AssertIdleAsync(string application)
    {
        string left = "";
        try
        {
            await Wait.UntilAsync(async () => (left = await RunningAsync(application)).Length == 0, Gone, "no query is left running");
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Still running after {Gone.TotalSeconds} s: {left}");
        }
    }

    public Task WaitForEventAsync(string application, string waitEvent) => Wait.UntilAsync(
        async () => (await RunningAsync(application)).Contains(waitEvent, StringComparison.Ordinal), TimeSpan.FromSeconds(20), $"{application} waits for {waitEvent}");

    /// <summary>The active queries of an application: state, what each waits for, and its text.</summary>
    public Task<string> RunningAsync(string application) => Cluster.PsqlAsync(
        $"select state, wait_event, query from pg_stat_activity where application_name = '{application}' and state <> 'idle'");
}

/// <summary>Tests that share one server and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class LiveTests : ICollectionFixture<LiveServer>
{
    public const string Name = "live";
}

/// <summary>Tests that measure this process and therefore run while no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuredTests : ICollectionFixture<LiveServer>
{
    public const string Name = "live, measured";
}
