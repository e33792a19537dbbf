namespace StreamRuntime.Diagnostics;

/// <summary>The one source of this library's traces, by whose name they are listened to.</summary>
/// <remarks>Thread-safe. No activity is made that nobody listens to.</remarks>
public static class RuntimeActivitySource
{
    /// <summary>The source's name: <c>StreamRuntime</c>.</summary>
    public const string Name = "StreamRuntime";
}
