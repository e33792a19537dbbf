using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using StreamRuntime.DependencyInjection;
using StreamRuntime.DependencyInjection.Configuration;
using StreamRuntime.Postgres.DataSources;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds PostgreSQL data sources to a host.</summary>
public static class PostgresRowsServices
{
    /// <summary>
    /// Adds a <see cref="PostgresDataSource"/> that the whole host shares, keyed where it has a name (<c>[FromKeyedServices("reports")]</c>). It logs to the container's
    /// loggers, runs on its clock, and is disposed with it. What can't be used of its options fails the host's start with an <see cref="OptionsValidationException"/> that
    /// names the option and holds no secret; no connection is made before the first query.
    /// </summary>
    /// <param name="services">The host's services. <see cref="StreamRuntimeServices.AddStreamRuntime"/> is called on them.</param>
    /// <param name="connectionString">The server, as <c>psql</c> would take it.</param>
    /// <param name="name">The key; null for the data source that is asked for without one.</param>
    /// <exception cref="InvalidOperationException">There is a data source of that name.</exception>
    public static IServiceCollection AddPostgresRows(this IServiceCollection services, string connectionString, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        return services.AddPostgresRows(options => options.ConnectionString = connectionString, name);
    }

    /// <param name="services">The host's services. <see cref="StreamRuntimeServices.AddStreamRuntime"/> is called on them.</param>
    /// <param name="configuration">
    /// A section whose value is a connection string, or one with <c>ConnectionString</c>, <c>Pool</c> (<c>MinSize</c>, <c>MaxSize</c>, <c>LeaseTimeout</c>, <c>IdleTimeout</c>,
    /// <c>MaxLifetime</c>, <c>Name</c>), <c>PrepareThreshold</c>, <c>MaxPreparedStatements</c>, <c>ResetsSessions</c>, <c>DefersSessionResets</c> and
    /// <c>RunsReadsAgain</c>. Any other key fails the host's start. Read once; a later change has no effect.
    /// </param>
    /// <param name="name">The key; null for the data source that is asked for without one.</param>
    /// <inheritdoc cref="AddPostgresRows(IServiceCollection, string, string?)"/>
    public static IServiceCollection AddPostgresRows(this IServiceCollection services, IConfiguration configuration, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return services.AddPostgresRows(options => PostgresRowsSection.Read(configuration, options), name);
    }

    /// <param name="services">The host's services. <see cref="StreamRuntimeServices.AddStreamRuntime"/> is called on them.</param>
    /// <param name="configure">Sets the options; must set <see cref="PostgresRowsOptions.ConnectionString"/>.</param>
    /// <param name="name">The key; null for the data source that is asked for without one.</param>
    /// <inheritdoc cref="AddPostgresRows(IServiceCollection, string, string?)"/>
    public static IServiceCollection AddPostgresRows(this IServiceCollection services, Action<PostgresRowsOptions> configure, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentOutOfRangeException.ThrowIfEqual(name, "");
        if (services.Any(s => s.ServiceType == typeof(PostgresDataSource) && Equals(s.ServiceKey, name)))
        {
            throw new InvalidOperationException(name is null ? "A data source without a name was added before. Give this one a name." : $"A data source called {name} was added before.");
        }

        services.AddStreamRuntime();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresRowsOptions>, PostgresRowsValidation>());
        services.AddOptions<PostgresRowsOptions>(name).Configure(configure).ValidateOnStart();
        if (name is null)
        {
            services.AddSingleton(provider => ContainerDefaults.MakeDataSource(provider, Options.Options.DefaultName));
        }
        else
        {
            services.AddKeyedSingleton(name, (provider, _) => ContainerDefaults.MakeDataSource(provider, name));
        }

        return services;
    }
}
