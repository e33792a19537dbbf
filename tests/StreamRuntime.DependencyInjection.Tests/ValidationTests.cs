using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StreamRuntime.Connections;
using StreamRuntime.Postgres;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;

namespace StreamRuntime.DependencyInjection.Tests;

/// <summary>A host with options that can't be used does not start, and says which.</summary>
public sealed class ValidationTests
{
    private const string Secret = "s3cret-word";

    [Theory]
    [InlineData("hst=localhost password=" + Secret, "ConnectionString: \"hst\" is not a known connection key; did you mean host?")]
    [InlineData("postgres://app:" + Secret + "@localhost:99999/shop", "ConnectionString: ")]
    [InlineData("host=localhost password=" + Secret + " connect_timeout=soon", "connect_timeout")]
    [InlineData("host=localhost password=" + Secret + " sslmode=verify-ca", "sslrootcert")]
    public async Task Start_ConnectionStringThatCantBeUsed_FailsWithoutItsSecrets(string connectionString, string says)
    {
        string message = await FailureAsync(services => services.AddPostgresRows(connectionString));

        Assert.StartsWith("AddPostgresRows: ", message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithoutAConnectionString_Fails() =>
        Assert.Contains("AddPostgresRows: ConnectionString is missing.", await FailureAsync(services => services.AddPostgresRows(_ => { })), StringComparison.Ordinal);

    [Fact]
    public async Task Start_PoolOutOfRange_NamesTheDataSourceAndTheOption() => Assert.Equal(
        "AddPostgresRows \"reports\": Pool: MaxSize must be from 1 to 100000.",
        await FailureAsync(services => services.AddPostgresRows("host=localhost").AddPostgresRows(
            options =>
            {
                options.ConnectionString = "host=localhost";
                options.Pool = options.Pool with { MaxSize = 0 };
            },
            "reports")));

    [Fact]
    public async Task Start_AdjustedOptionOutOfRange_NamesIt() => Assert.Equal(
        "AddPostgresRows: PrepareThreshold must not be negative.",
        await FailureAsync(services => services.AddPostgresRows(options =>
        {
            options.ConnectionString = "host=localhost";
            options.Adjust = all => all with { PrepareThreshold = -1 };
        })));

    [Fact]
    public async Task Start_StreamOptionOutOfRange_NamesIt() => Assert.Contains(
        "AddStreamRuntime: Streams: MaxBufferedBytes must be from 4096",
        await FailureAsync(services => services.AddStreamRuntime(runtime => runtime.Streams = runtime.Streams with { MaxBufferedBytes = 1 })),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("Reports:Hots", "Reports:Hots is no option. There are ConnectionString, PrepareThreshold")]
    [InlineData("Reports:Pool:MaxSise", "Reports:Pool:MaxSise is no option of a pool. There are Name, MinSize, MaxSize")]
    [InlineData("Reports:Pool:MaxSize", "Reports:Pool:MaxSize must be a whole number.")]
    [InlineData("Reports:Pool:LeaseTimeout", "Reports:Pool:LeaseTimeout must be a time such as 00:00:15, or infinite.")]
    [InlineData("Reports:ResetsSessions", "Reports:ResetsSessions must be true or false.")]
    public async Task Start_SectionThatCantBeUsed_NamesTheKeyAndNotItsValue(string key, string says)
    {
        IConfigurationSection section = Section(("Reports:ConnectionString", "host=localhost"), (key, Secret));

        string message = await FailureAsync(services => services.AddPostgresRows(section, "reports"));

        Assert.Contains($"AddPostgresRows \"reports\": {says}", message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ServerThatIsNotThere_Starts()
    {
        HostApplicationBuilder builder = Builder();
        builder.Services.AddPostgresRows("host=127.0.0.1 port=1");
        using IHost host = builder.Build();

        await host.StartAsync();

        await host.StopAsync();
    }

    [Fact]
    public async Task Section_Whole_BecomesOptions()
    {
        IConfigurationSection section = Section(
            ("Reports:ConnectionString", "postgres://app@db.example.com:5433/shop"),
            ("Reports:Pool:MaxSize", "7"),
            ("Reports:Pool:MinSize", "2"),
            ("Reports:Pool:LeaseTimeout", "00:00:03"),
            ("Reports:Pool:IdleTimeout", "infinite"),
            ("Reports:Pool:MaxLifetime", "1.00:00:00"),
            ("Reports:Pool:Name", "of reports"),
            ("Reports:PrepareThreshold", "0"),
            ("Reports:MaxPreparedStatements", "11"),
            ("Reports:ResetsSessions", "false"),
            ("Reports:DefersSessionResets", "false"),
            ("Reports:RunsReadsAgain", "true"));
        await using ServiceProvider provider = new ServiceCollection().AddPostgresRows(section, "reports").BuildServiceProvider();

        PostgresOptions options = provider.GetRequiredKeyedService<PostgresDataSource>("reports").Options;

        Assert.Equal([PostgresEndpoint.Tcp("db.example.com", 5433)], options.Endpoints);
        Assert.Equal(("app", "shop"), (options.User, options.Database));
        ConnectionPoolOptions pool = options.Pool;
        Assert.Equal(("of reports", 2, 7), (pool.Name, pool.MinSize, pool.MaxSize));
        Assert.Equal((TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan, TimeSpan.FromDays(1)), (pool.LeaseTimeout, pool.IdleTimeout, pool.MaxLifetime));
        Assert.Equal((0, 11), (options.PrepareThreshold, options.MaxPreparedStatements));
        Assert.Equal((false, false, true), (options.ResetsSessions, options.DefersSessionResets, options.RunsReadsAgain));
    }

    [Fact]
    public async Task Section_OfOneValue_IsAConnectionString()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:Shop", "host=db.example.com dbname=shop")]).Build();
        await using ServiceProvider provider = new ServiceCollection().AddPostgresRows(configuration.GetSection("ConnectionStrings:Shop")).BuildServiceProvider();

        Assert.Equal("shop", provider.GetRequiredService<PostgresDataSource>().Options.Database);
    }

    [Fact]
    public async Task Resolve_OptionsThatCantBeUsed_FailsWithoutAHost()
    {
        await using ServiceProvider provider = new ServiceCollection().AddStreamRuntime(runtime => runtime.Streams = runtime.Streams with { MaxRowBytes = 0 })
            .AddPostgresRows("nonsense").BuildServiceProvider();

        Assert.Contains("ConnectionString", Assert.Throws<OptionsValidationException>(provider.GetRequiredService<PostgresDataSource>).Message, StringComparison.Ordinal);
        Assert.Contains("MaxRowBytes", Assert.Throws<OptionsValidationException>(provider.GetRequiredService<JsonRowStreamOptions>).Message, StringComparison.Ordinal);
    }

    private static HostApplicationBuilder Builder() => Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());

    private static async Task<string> FailureAsync(Action<IServiceCollection> add)
    {
        HostApplicationBuilder builder = Builder();
        add(builder.Services);
        using IHost host = builder.Build();
        return (await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())).Message;
    }

    private static IConfigurationSection Section(params (string Key, string Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(v => new KeyValuePair<string, string?>(v.Key, v.Value))).Build().GetSection("Reports");
}
