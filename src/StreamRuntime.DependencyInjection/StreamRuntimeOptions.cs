using StreamRuntime.Streams;

namespace StreamRuntime.DependencyInjection;

/// <summary>What the parts of the runtime share in a host.</summary>
/// <remarks>Changed while the host is built, by one caller at a time; read after that.</remarks>
public sealed class StreamRuntimeOptions
{
    /// <summary>
    /// How streams behave for which nothing else is said. A clock or a logger that is left at its default becomes the container's. <see cref="JsonRowStreamOptions.Default"/> by
    /// default.
    /// </summary>
    public JsonRowStreamOptions Streams { get; set; } = JsonRowStreamOptions.Default;
}
