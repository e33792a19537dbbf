namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>The failures of one session, in the order they were met.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ErrorList
{
    private readonly Lock _lock = new();
    private List<Exception>? _errors;

    public void Add(Exception error)
    {
        lock (_lock)
        {
            (_errors ??= []).Add(error);
        }
    }

    public Exception[] ToArray()
    {
        lock (_lock)
        {
            return _errors is null ? [] : [.. _errors];
        }
    }
}
