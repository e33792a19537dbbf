using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Logging;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.DependencyInjection.Tests;

public sealed class RegistrationTests
{
    private static readonly PostgresQuery Query = new("select 1");

    [Fact]
    public async Task DataSources_ByKey_AreSingletonsOfTheirOwn()
    {
        await using ServiceProvider provider = new ServiceCollection()
            .AddPostgresRows("host=a dbname=one").AddPostgresRows("host=b dbname=two", "reports").AddSingleton<Reader>().BuildServiceProvider();

        PostgresDataSource unnamed = provider.GetRequiredService<PostgresDataSource>();
        PostgresDataSource reports = provider.GetRequiredKeyedService<PostgresDataSource>("reports");

        Assert.Equal(("one", "two"), (unnamed.Options.Database, reports.Options.Database));
        Assert.Same(unnamed, provider.GetRequiredService<PostgresDataSource>());
        Assert.Same(unnamed, provider.GetRequiredService<Reader>().Main);
        Assert.Same(reports, provider.GetRequiredService<Reader>().Reports);
        Assert.Null(provider.GetKeyedService<PostgresDataSource>("other"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("reports")]
    public void Add_SameNameTwice_Throws(string? name)
    {
        IServiceCollection services = new ServiceCollection().AddPostgresRows("host=a", name);

        Assert.Throws<InvalidOperationException>(() => services.AddPostgresRows("host=b", name));
        Assert.Throws<ArgumentOutOfRangeException>(() => services.AddPostgresRows("host=b", ""));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Container_Disposed_DisposesItsDataSources(bool asynchronously)
    {
        ServiceProvider provider = new ServiceCollection().AddPostgresRows("host=127.0.0.1 port=1").AddPostgresRows("host=127.0.0.1 port=1", "reports").BuildServiceProvider();
        PostgresDataSource[] sources = [provider.GetRequiredService<PostgresDataSource>(), provider.GetRequiredKeyedService<PostgresDataSource>("reports")];

        if (asynchronously)
        {
            await provider.DisposeAsync();
        }
        else
        {
            provider.Dispose();
        }

        foreach (PostgresDataSource source in sources)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await source.StreamAsync(Query));
        }
    }

    [Fact]
    public async Task ClockAndLog_OfTheContainer_AreUsed()
    {
        var time = new ManualTimeProvider();
        using var log = new RecordingLoggers();
        await using ServiceProvider provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(time)
            .AddSingleton<ILoggerFactory>(log)
            .AddStreamRuntime(runtime => runtime.Streams = runtime.Streams with { MaxRowBytes = 4711 })
            .AddPostgresRows(
                options =>
                {
                    // However far the clock is moved: only the refusals end the wait.
                    options.ConnectionString = "host=127.0.0.1 port=1";
                    options.Pool = options.Pool with { LeaseTimeout = Timeout.InfiniteTimeSpan };
                    options.Adjust = all => all with { ConnectTimeout = Timeout.InfiniteTimeSpan };
                },
                "reports")
            .BuildServiceProvider();
        PostgresDataSource source = provider.GetRequiredKeyedService<PostgresDataSource>("reports");
        var streams = provider.GetRequiredService<JsonRowStreamOptions>();

        Assert.Same(time, source.Options.TimeProvider);
        Assert.Same(time, source.Options.Pool.TimeProvider);
        Assert.Same(time, streams.TimeProvider);
        Assert.Equal(4711, streams.MaxRowBytes);
        Assert.Same(streams, source.Options.Streams);
        Assert.Equal("reports", source.Options.Pool.Name);
        Task<JsonRowStream> lost = source.StreamAsync(Query).AsTask();
        await TestKit.Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return lost.IsCompleted;
            },
            PostgresServer.Patience,
            "nobody is there, three times");
        await Assert.ThrowsAsync<StreamRuntimeException>(() => lost);
        await TestKit.Wait.UntilAsync(
            () => log.Logger.Messages.Any(message => message.StartsWith("Pool reports: a connection could not be opened", StringComparison.Ordinal)),
            PostgresServer.Patience,
            "the failure is in the container's log");
        Assert.Contains("StreamRuntime.Postgres", log.Categories);
    }

    [Fact]
    public async Task ClockAndLog_OfTheOptions_WinOverTheContainers()
    {
        var time = new ManualTimeProvider();
        var streams = new JsonRowStreamOptions { TimeProvider = time, Logger = new RecordingLogger() };
        await using ServiceProvider provider = new ServiceCollection()
            .AddLogging()
            .AddStreamRuntime(runtime => runtime.Streams = streams)
            .AddPostgresRows(options =>
            {
                options.ConnectionString = "host=a port=5433 dbname=shop";
                options.Adjust = all => all with { TimeProvider = time, Streams = all.Streams with { MaxRowBytes = 17 } };
            })
            .BuildServiceProvider();

        Assert.Equal(streams, provider.GetRequiredService<JsonRowStreamOptions>());
        PostgresDataSource source = provider.GetRequiredService<PostgresDataSource>();
        Assert.Same(time, source.Options.TimeProvider);
        Assert.Equal(17, source.Options.Streams.MaxRowBytes);
        Assert.Same(TimeProvider.System, source.Options.Pool.TimeProvider);
    }

    private sealed class Reader(PostgresDataSource main, [FromKeyedServices("reports")] PostgresDataSource reports)
    {
        public PostgresDataSource Main { get; } = main;

        public PostgresDataSource Reports { get; } = reports;
    }

    private sealed class RecordingLoggers : ILoggerFactory
    {
        public RecordingLogger Logger { get; } = new();

        public List<string> Categories { get; } = [];

        public ILogger CreateLogger(string categoryName)
        {
            Categories.Add(categoryName);
            return Logger;
        }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
