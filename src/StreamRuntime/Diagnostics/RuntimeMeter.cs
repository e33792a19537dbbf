using System.Diagnostics.Metrics;

namespace StreamRuntime.Diagnostics;

/// <summary>The one meter of this library, by whose name its metrics are listened to.</summary>
/// <remarks>Thread-safe. Nothing is measured that nobody listens to.</remarks>
public static class RuntimeMeter
{
    /// <summary>The meter's name: <c>StreamRuntime</c>.</summary>
    public const string Name = "StreamRuntime";

    internal static Meter Instance { get; } = new(Name, typeof(RuntimeMeter).Assembly.GetName().Version?.ToString(3));
}
