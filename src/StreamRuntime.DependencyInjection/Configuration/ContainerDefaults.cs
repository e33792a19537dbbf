using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StreamRuntime.Connections;
using StreamRuntime.Postgres;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;

namespace StreamRuntime.DependencyInjection.Configuration;

/// <summary>Makes what is registered, with the container's clock and loggers wherever nothing else was said.</summary>
internal static partial class ContainerDefaults
{
    private const string StreamCategory = "StreamRuntime.Streams";
    private const string PostgresCategory = "StreamRuntime.Postgres";

    public static JsonRowStreamOptions MakeStreamOptions(IServiceProvider provider)
    {
        JsonRowStreamOptions streams = provider.GetRequiredService<IOptions<StreamRuntimeOptions>>().Value.Streams;
        return streams with { TimeProvider = Clock(provider, streams.TimeProvider), Logger = Logger(provider, streams.Logger, StreamCategory) };
    }

    /// <exception cref="OptionsValidationException">An option can't be used.</exception>
    public static PostgresDataSource MakeDataSource(IServiceProvider provider, string name)
    {
        PostgresOptions options = PostgresRowsValidation.Build(provider.GetRequiredService<IOptionsMonitor<PostgresRowsOptions>>().Get(name));
        options = options with
        {
            TimeProvider = Clock(provider, options.TimeProvider),
            Link = options.Link with { Logger = Logger(provider, options.Link.Logger, PostgresCategory) },
            Pool = options.Pool with
            {
                // Two data sources of one database are told apart by their keys.
                Name = name.Length > 0 && options.Pool.Name == ConnectionPoolOptions.Default.Name ? name : options.Pool.Name,
                TimeProvider = Clock(provider, options.Pool.TimeProvider),
                Logger = Logger(provider, options.Pool.Logger, PostgresCategory),
            },
            Streams = ReferenceEquals(options.Streams, JsonRowStreamOptions.Default) ? provider.GetRequiredService<JsonRowStreamOptions>() : options.Streams,
        };
        foreach (string warning in options.Warnings)
        {
            LeftOut(options.Pool.Logger, options.Pool.Name, warning);
        }

        return PostgresDataSource.Create(options);
    }

    private static TimeProvider Clock(IServiceProvider provider, TimeProvider given) =>
        given == TimeProvider.System ? provider.GetRequiredService<TimeProvider>() : given;

    private static ILogger Logger(IServiceProvider provider, ILogger given, string category) =>
        given == NullLogger.Instance && provider.GetService<ILoggerFactory>() is { } factory ? factory.CreateLogger(category) : given;

    [LoggerMessage(200, LogLevel.Warning, "Data source {Pool}: {Warning}")]
    private static partial void LeftOut(ILogger logger, string pool, string warning);
}
