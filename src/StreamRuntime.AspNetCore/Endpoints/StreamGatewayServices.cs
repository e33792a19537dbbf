using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Adds the gateway to an application.</summary>
public static class StreamGatewayServices
{
    /// <summary>Adds what row endpoints need: limits, timers, the list of sessions, metrics, and an orderly shutdown.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="options">How the gateway behaves; <see cref="StreamGatewayOptions.Default"/> when null.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option is out of its range.</exception>
    public static IServiceCollection AddStreamGateway(this IServiceCollection services, StreamGatewayOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        options ??= StreamGatewayOptions.Default;
        options.Validate();
        services.TryAddSingleton(provider => new Gateway(options, provider.GetRequiredService<ILoggerFactory>().CreateLogger("StreamRuntime.AspNetCore")));
        return services;
    }
}
