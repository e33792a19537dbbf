namespace StreamRuntime.Benchmarks.Results;

/// <summary>The names under which figures are recorded. Times and bytes are for one unit of what the suite counts: an operation, a row, a stream.</summary>
internal static class Figure
{
    public const string TimeNs = "timeNs";

    /// <summary>User and system time of the process.</summary>
    public const string CpuNs = "cpuNs";

    public const string UserNs = "userNs";

    public const string SystemNs = "systemNs";

    /// <summary>Managed memory allocated; absent where there is none.</summary>
    public const string AllocatedBytes = "allocatedBytes";

    /// <summary>Memory that stays in use.</summary>
    public const string HeldBytes = "heldBytes";

    /// <summary>The most memory of the process that was resident.</summary>
    public const string PeakMb = "peakMb";

    /// <summary>How often a thread of the process gave the processor up to wait for something, in the whole run.</summary>
    public const string Waits = "waits";

    /// <summary>Garbage collections in the whole run.</summary>
    public const string Collections = "collections";

    /// <summary>How long collections held the whole process up, in the whole run.</summary>
    public const string CollectionPauseUs = "collectionPauseUs";

    /// <summary>How a figure is shown: its heading, and the digits behind the point. The order is the order of the columns.</summary>
    public static IReadOnlyList<(string Name, string Heading, string Format)> Columns { get; } =
    [
        (TimeNs, "time ns", "#,0.##"),
        (CpuNs, "CPU ns", "#,0.##"),
        (UserNs, "user", "#,0"),
        (SystemNs, "system", "#,0"),
        (AllocatedBytes, "allocated B", "#,0.##"),
        (HeldBytes, "held B", "#,0"),
        (PeakMb, "peak MB", "#,0.0"),
        (Waits, "waits", "#,0"),
        (Collections, "GCs", "#,0"),
        (CollectionPauseUs, "GC pause µs", "#,0"),
    ];

    /// <summary>
    /// The figures by which two measurements may be compared, best first: CPU, for it is steadier on a shared machine than time; else time; else the memory that was the question.
    /// </summary>
    public static IReadOnlyList<string> Comparable { get; } = [CpuNs, TimeNs, HeldBytes, PeakMb];

    /// <summary>The best figure to compare a measurement by.</summary>
    public static string Compared(IReadOnlyDictionary<string, double> figures) => Comparable.FirstOrDefault(figures.ContainsKey) ?? PeakMb;
}
