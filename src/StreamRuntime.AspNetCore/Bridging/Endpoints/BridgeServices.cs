using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace StreamRuntime.AspNetCore.Bridging.Endpoints;

/// <summary>Adds bridge sessions to an application.</summary>
public static class BridgeServices
{
    /// <summary>Adds a <see cref="BridgeSessionManager"/>, whose sessions are all closed as soon as the application begins to stop.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="options">How sessions behave; <see cref="BridgeOptions.Default"/> when null.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option is out of its range.</exception>
    public static IServiceCollection AddBridgeSessions(this IServiceCollection services, BridgeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        options ??= BridgeOptions.Default;
        options.Validate();
        services.TryAddSingleton(provider => new BridgeSessionManager(
            options.Logger is NullLogger ? options with { Logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("StreamRuntime.AspNetCore.Bridging") } : options));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, BridgeShutdown>());
        return services;
    }
}
