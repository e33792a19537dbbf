namespace StreamRuntime.Benchmarks.Micro;

/// <summary>The categories of benchmarks: the phase of the project that brought what is measured, and the choice for the quick gate.</summary>
internal static class Category
{
    public const string RowStreams = "row-streams";

    public const string Connections = "connections";

    public const string Quick = "quick";
}
