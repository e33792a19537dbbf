namespace StreamRuntime.Diagnostics;

/// <summary>
/// The event source of this library, for tools that attach to a process from outside (EventPipe: <c>streamrt top</c>, <c>dotnet-trace</c>) and for listeners within it.
/// </summary>
/// <remarks>
/// Thread-safe. Events hold no credentials, no row and no statement's text. None is written per row, and what nobody listens to costs a look at a field per stream,
/// pause or connection.
/// </remarks>
public static class RuntimeEvents
{
    /// <summary>The source's name: <c>StreamRuntime</c>.</summary>
    public const string Name = "StreamRuntime";

    /// <summary>The keyword of streams that begin, are named, pause, resume, complete and fail.</summary>
    public const long StreamKeyword = 0x1;

    /// <summary>The keyword of pools' connections that are opened, closed or not to be had.</summary>
    public const long PoolKeyword = 0x2;

    /// <summary>
    /// The keyword of snapshots: what the process, each stream and each pool stand at, again and again. They need
    /// <see cref="IntervalArgument"/> as well, so that a tool which takes everything does not turn them on unasked.
    /// </summary>
    public const long SnapshotKeyword = 0x4;

    /// <summary>
    /// The argument that says how many seconds lie between two snapshots; from 0.1 to 3600. Where several tools ask, the shortest counts until none of them
    /// listens any more.
    /// </summary>
    public const string IntervalArgument = "IntervalSeconds";

    /// <summary>The argument that says how many streams a snapshot lists at most, the busiest first; from 0 to 100 000; 1 000 by default. Sums are always over all of them.</summary>
    public const string MaxStreamsArgument = "MaxStreams";

    /// <summary>
    /// Has the event source there, so that a tool can attach before the first stream or pool of the process is made. Costs something once, and nothing after that.
    /// </summary>
    public static void Publish() => _ = RuntimeEventSource.Log;
}
