using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Health;

/// <summary>Whether the gateway takes new work: unhealthy from the first moment of a shutdown, degraded while it is full.</summary>
/// <remarks>Thread-safe; looks at two numbers.</remarks>
internal sealed class StreamGatewayHealthCheck(Gateway gateway) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(Look());

    public HealthCheckResult Look() =>
        gateway.Phase != GatewayPhase.Serving ? HealthCheckResult.Unhealthy("The gateway is shutting down.")
        : gateway.Connections >= gateway.Options.MaxConnections || gateway.Streams.Running >= gateway.Options.MaxRunningStreams
            ? HealthCheckResult.Degraded("The gateway is full.")
            : HealthCheckResult.Healthy();
}
