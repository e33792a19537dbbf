namespace StreamRuntime.Tests;

/// <summary>Tests of what a process has one of, which others must not use at the same time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
