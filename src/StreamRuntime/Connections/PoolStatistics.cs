namespace StreamRuntime.Connections;

/// <summary>What a pool holds and has done. One consistent picture: the counts are taken together.</summary>
/// <remarks>Immutable.</remarks>
public sealed record PoolStatistics
{
    /// <summary>Connections in use.</summary>
    public required int Leased { get; init; }

    /// <summary>Connections ready for use.</summary>
    public required int Idle { get; init; }

    /// <summary>Connections being opened.</summary>
    public required int Opening { get; init; }

    /// <summary>Connections being closed.</summary>
    public required int Closing { get; init; }

    /// <summary>Leases waiting in line.</summary>
    public required int Waiting { get; init; }

    /// <summary>All of them together, which never passes <see cref="ConnectionPoolOptions.MaxSize"/>.</summary>
    public int Total => Leased + Idle + Opening + Closing;

    /// <summary>Leases given out so far.</summary>
    public required long Leases { get; init; }

    /// <summary>Connections opened so far.</summary>
    public required long Opened { get; init; }

    /// <summary>Attempts to open one that failed.</summary>
    public required long OpenFailures { get; init; }

    /// <summary>Connections closed because they were idle or old for too long.</summary>
    public required long Expired { get; init; }

    /// <summary>Connections closed because they were returned not clean, or found broken while idle.</summary>
    public required long Broken { get; init; }

    /// <summary>Leases that had waited too long.</summary>
    public required long Timeouts { get; init; }
}
