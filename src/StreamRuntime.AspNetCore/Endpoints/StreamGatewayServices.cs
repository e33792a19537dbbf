using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Resuming;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.AspNetCore.Shutdown;
using StreamRuntime.Resuming;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Adds the gateway to an application.</summary>
public static class StreamGatewayServices
{
    /// <summary>
    /// Adds what row endpoints and bridges need: limits, timers, the list of sessions, metrics, and an orderly shutdown. Sets Kestrel up as well: connections that make no
    /// request in time are cut off, silent ones are probed by TCP, and no response is cut off for being read slowly. An application that calls
    /// <see cref="KestrelServerOptions.ConfigureEndpointDefaults(Action{ListenOptions})"/> itself replaces the first of these.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="options">How the gateway behaves; <see cref="StreamGatewayOptions.Default"/> when null.</param>
    /// <param name="bridges">How bridges differ from that; <see cref="BridgeOptions.Default"/> when null. Without bridges it has no effect.</param>
    /// <remarks>
    /// With <see cref="StreamGatewayOptions.ResumeTokenLifetime"/> it adds Data Protection too. Nodes that shall read each other's tokens need its keys in one place, and one
    /// application name, which is the application's to set up by <see cref="DataProtectionServiceCollectionExtensions.AddDataProtection(IServiceCollection)"/>.
    /// </remarks>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The gateway was added before.</exception>
    public static IServiceCollection AddStreamGateway(this IServiceCollection services, StreamGatewayOptions? options = null, BridgeOptions? bridges = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        options ??= StreamGatewayOptions.Default;
        options.Validate();
        bridges ??= BridgeOptions.Default;
        bridges.Validate();
        if (services.Any(s => s.ServiceType == typeof(Gateway)))
        {
            throw new InvalidOperationException("The gateway was added before. An application has one.");
        }

        if (options.ResumeTokenLifetime is not null)
        {
            services.AddDataProtection();
        }

        services.AddSingleton(provider => new Gateway(options, provider.GetRequiredService<ILoggerFactory>().CreateLogger("StreamRuntime.AspNetCore"), Tokens(options, provider)));
        services.AddSingleton(provider => new BridgeSessionManager(bridges, provider.GetRequiredService<Gateway>()));
        services.AddHostedService<DrainService>();
        services.AddSingleton<IStartupFilter, FirstRequestFilter>();
        services.AddSingleton<KestrelSetup>();

        // First of all: what every endpoint gets has to be said before any endpoint is added, wherever the application does that.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<KestrelServerOptions>>(provider => provider.GetRequiredService<KestrelSetup>()));
        services.AddSingleton<IConfigureOptions<SocketTransportOptions>>(provider => provider.GetRequiredService<KestrelSetup>());
        services.AddSingleton<IPostConfigureOptions<HostOptions>>(provider => provider.GetRequiredService<KestrelSetup>());
        return services;
    }

    private static ResumeTokenOptions? Tokens(StreamGatewayOptions options, IServiceProvider provider) => options.ResumeTokenLifetime is not { } lifetime ? null : new()
    {
        Protector = new DataProtectionTokenProtector(provider.GetRequiredService<IDataProtectionProvider>()),
        TokenLifetime = lifetime,
    };
}
