using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.DependencyInjection.Tests.Health;

public sealed class PostgresRowsHealthCheckTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Check_ServerThatAnswers_IsHealthy()
    {
        await using ServiceProvider provider = Provider(server.Cluster.ConnectionString, "reports");

        HealthReportEntry entry = await CheckAsync(provider, "postgresrows:reports");

        Assert.Equal(HealthStatus.Healthy, entry.Status);
        Assert.Equal((0, 1), ((int)entry.Data["leased"], (int)entry.Data["idle"]));
        Assert.Contains("ready", entry.Tags);
    }

    [Fact]
    public async Task Check_ServerThatRefuses_IsUnhealthyWithItsReason()
    {
        await using ServiceProvider provider = Provider(server.Cluster.ConnectionString.Replace("dbname=postgres", "dbname=nowhere", StringComparison.Ordinal));

        HealthReportEntry entry = await CheckAsync(provider, "postgresrows");

        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("database \"nowhere\" does not exist", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_NobodyThere_IsUnhealthy()
    {
        await using ServiceProvider provider = Provider("host=127.0.0.1 port=1 user=nobody", attempts: 1);
        Task<HealthReportEntry> check = CheckAsync(provider, "postgresrows");

        HealthReportEntry entry = await check.WaitAsync(PostgresServer.Patience);

        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("127.0.0.1:1", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_SilentServer_IsUnhealthyAfterItsTimeout()
    {
        await using ScriptedServer silent = ScriptedServer.Start(connection => connection.DrainAsync());
        await using ServiceProvider provider = Provider(silent.ConnectionString);
        Task<HealthReportEntry> check = CheckAsync(provider, "postgresrows");
        await Wait.UntilAsync(() => silent.Connections.Count > 0, PostgresServer.Patience, "the check has connected");
        Assert.False(check.IsCompleted);
        await AdvanceUntilAsync(check, TimeSpan.FromSeconds(3));

        HealthReportEntry entry = await check;

        Assert.Equal((HealthStatus.Unhealthy, "The server did not answer within 3 s."), (entry.Status, entry.Description));
    }

    [Fact]
    public async Task Check_PoolInUse_IsDegraded_AndHealthyAfter()
    {
        await using ServiceProvider provider = Provider(server.Cluster.ConnectionString);
        PostgresDataSource source = provider.GetRequiredService<PostgresDataSource>();
        JsonRowStream held = await source.StreamAsync(new PostgresQuery("select generate_series(1, 1000000) as i"));
        Task<HealthReportEntry> check = CheckAsync(provider, "postgresrows");
        await Wait.UntilAsync(() => source.GetPoolStatistics().Waiting == 1, PostgresServer.Patience, "the check waits for a connection");
        await AdvanceUntilAsync(check, TimeSpan.FromSeconds(3));

        HealthReportEntry entry = await check;

        Assert.Equal((HealthStatus.Degraded, "All 1 connections of the pool are in use."), (entry.Status, entry.Description));
        Assert.Equal(1, (int)entry.Data["leased"]);
        await held.DisposeAsync();
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider, "postgresrows")).Status);
    }

    [Fact]
    public async Task Check_Cancelled_IsNoResult()
    {
        await using ScriptedServer silent = ScriptedServer.Start(connection => connection.DrainAsync());
        await using ServiceProvider provider = Provider(silent.ConnectionString);
        using var cancel = new CancellationTokenSource();
        Task<HealthReport> check = provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(cancel.Token);
        await Wait.UntilAsync(() => silent.Connections.Count > 0, PostgresServer.Patience, "the check has connected");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => check.WaitAsync(PostgresServer.Patience));
    }

    private ServiceProvider Provider(string connectionString, string? name = null, int attempts = 3)
    {
        IServiceCollection services = new ServiceCollection().AddLogging().AddSingleton<TimeProvider>(_time).AddPostgresRows(
            options =>
            {
                options.ConnectionString = connectionString + " sslmode=disable";
                options.Pool = options.Pool with { MaxSize = 1 };
                options.Adjust = all => all with { Link = all.Link with { MaxAttempts = attempts } };
            },
            name);
        services.AddHealthChecks().AddPostgresRows(name, TimeSpan.FromSeconds(3), "ready");
        return services.BuildServiceProvider();
    }

    private static async Task<HealthReportEntry> CheckAsync(ServiceProvider provider, string name) =>
        (await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries[name];

    // What the check waits for may begin a moment after it has called us to wait.
    private Task AdvanceUntilAsync(Task done, TimeSpan step) => Wait.UntilAsync(
        () =>
        {
            _time.Advance(step);
            return done.IsCompleted;
        },
        PostgresServer.Patience,
        "the check has ended");
}
