namespace StreamRuntime.Postgres.Tests;

/// <summary>Tests that measure the memory of the process, or have deadlines of a few hundred milliseconds: nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    /// <summary>The collection's name.</summary>
    public const string Name = "Alone";
}
