namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Names the question that the benchmarks of a class answer. Each benchmark's description names its subject.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SituationAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>
    /// True when the work is handed from thread to thread. Then it is the process whose processor time is measured, not the one thread, and allocated bytes
    /// depend on who comes first.
    /// </summary>
    public bool SpansThreads { get; init; }
}
