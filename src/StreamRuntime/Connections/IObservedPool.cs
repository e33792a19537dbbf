namespace StreamRuntime.Connections;

/// <summary>A pool as its metrics see it, whatever its connections are.</summary>
internal interface IObservedPool
{
    string Name { get; }

    int MinSize { get; }

    int MaxSize { get; }

    PoolStatistics GetStatistics();
}
