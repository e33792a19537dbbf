using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using StreamRuntime.DependencyInjection;
using StreamRuntime.DependencyInjection.Configuration;
using StreamRuntime.Streams;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the runtime to a host.</summary>
public static class StreamRuntimeServices
{
    /// <summary>
    /// Adds what the parts of the runtime share: a <see cref="TimeProvider"/> where there is none, and the <see cref="JsonRowStreamOptions"/> of every stream for which nothing
    /// else is said, with the container's clock and log. Options are checked at the host's start. Called again, it only configures further.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Changes the defaults; none when null.</param>
    public static IServiceCollection AddStreamRuntime(this IServiceCollection services, Action<StreamRuntimeOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StreamRuntimeOptions>, StreamRuntimeValidation>());
        services.TryAddSingleton(provider => ContainerDefaults.MakeStreamOptions(provider));
        OptionsBuilder<StreamRuntimeOptions> options = services.AddOptions<StreamRuntimeOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        return services;
    }
}
