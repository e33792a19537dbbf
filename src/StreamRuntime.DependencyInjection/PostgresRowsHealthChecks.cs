using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamRuntime.DependencyInjection.Health;
using StreamRuntime.Postgres.DataSources;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds PostgreSQL data sources to a host's health checks.</summary>
public static class PostgresRowsHealthChecks
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Adds a check by the name <c>postgresrows</c>, or <c>postgresrows:reports</c> of a data source called reports: leases a connection and runs a query that needs no table.
    /// Unhealthy with the server's reason, degraded while every connection of the pool is in use.
    /// </summary>
    /// <param name="checks">The host's health checks.</param>
    /// <param name="name">The data source's key, as given to <see cref="PostgresRowsServices.AddPostgresRows(IServiceCollection, string, string?)"/>; null for the one without.</param>
    /// <param name="timeout">How long the check may take; more than zero, 5 s when null.</param>
    /// <param name="tags">By which the check is chosen, such as <c>ready</c>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is not more than zero.</exception>
    public static IHealthChecksBuilder AddPostgresRows(this IHealthChecksBuilder checks, string? name = null, TimeSpan? timeout = null, params IEnumerable<string> tags)
    {
        ArgumentNullException.ThrowIfNull(checks);
        TimeSpan limit = timeout ?? Limit;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(timeout));
        return checks.Add(new HealthCheckRegistration(
            name is null ? "postgresrows" : $"postgresrows:{name}",
            provider => new PostgresRowsHealthCheck(
                name is null ? provider.GetRequiredService<PostgresDataSource>() : provider.GetRequiredKeyedService<PostgresDataSource>(name),
                limit),
            HealthStatus.Unhealthy,
            tags));
    }
}
