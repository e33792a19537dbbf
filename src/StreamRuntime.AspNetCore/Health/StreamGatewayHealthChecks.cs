using Microsoft.Extensions.DependencyInjection;

namespace StreamRuntime.AspNetCore.Health;

/// <summary>Adds the gateway to an application's own health checks.</summary>
public static class StreamGatewayHealthChecks
{
    /// <summary>Adds a check by the name <c>streamgateway</c>: unhealthy while the gateway shuts down, degraded while it is full.</summary>
    /// <param name="checks">The application's health checks.</param>
    /// <param name="tags">By which the check is chosen, such as <c>ready</c>.</param>
    public static IHealthChecksBuilder AddStreamGateway(this IHealthChecksBuilder checks, params string[] tags)
    {
        ArgumentNullException.ThrowIfNull(checks);
        return checks.AddCheck<StreamGatewayHealthCheck>("streamgateway", tags: tags);
    }
}
