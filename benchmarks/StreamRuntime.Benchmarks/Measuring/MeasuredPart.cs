using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>What a .NET process cost between two events of its own. Told event after event, in the order of their times.</summary>
internal sealed class MeasuredPart
{
    private Snapshot? _begin;
    private Snapshot? _end;
    private long? _allocatedAtEnd;
    private double? _suspendedAt;
    private int _collections;
    private double _pausedMs;

    /// <summary>True between the two events.</summary>
    private bool IsInside => _begin is not null && _end is null;

    /// <summary>The part begins.</summary>
    /// <param name="atMs">When, in milliseconds since any instant.</param>
    /// <param name="userNs">Processor time the process has spent outside of the kernel.</param>
    /// <param name="systemNs">Processor time it has spent in the kernel.</param>
    /// <param name="allocatedBytes">Managed memory it has allocated.</param>
    public void Begin(double atMs, long userNs, long systemNs, long allocatedBytes) => _begin = new Snapshot(atMs, userNs, systemNs, allocatedBytes);

    /// <summary>The part has ended.</summary>
    public void End(double atMs, long userNs, long systemNs) => _end = new Snapshot(atMs, userNs, systemNs, 0);

    /// <summary>What had been allocated at the end.</summary>
    public void EndAllocated(long allocatedBytes) => _allocatedAtEnd = allocatedBytes;

    /// <summary>A collection began.</summary>
    public void CollectionBegan() => _collections += IsInside ? 1 : 0;

    /// <summary>A collection stops every thread.</summary>
    public void Suspended(double atMs) => _suspendedAt = IsInside ? atMs : null;

    /// <summary>The threads go on.</summary>
    public void Resumed(double atMs)
    {
        _pausedMs += _suspendedAt is { } since && IsInside ? atMs - since : 0;
        _suspendedAt = null;
    }

    /// <summary>The figures, by row where they are of one.</summary>
    /// <exception cref="RunException">An event is missing.</exception>
    public Dictionary<string, double> ToFigures(long rows)
    {
        if (_begin is not { } begin || _end is not { } end || _allocatedAtEnd is not { } allocated)
        {
            throw new RunException("The client's events did not arrive, so nobody knows what it cost.");
        }

        return new Dictionary<string, double>
        {
            [Figure.TimeNs] = (end.AtMs - begin.AtMs) * 1e6 / rows,
            [Figure.CpuNs] = (double)(end.UserNs + end.SystemNs - begin.UserNs - begin.SystemNs) / rows,
            [Figure.UserNs] = (double)(end.UserNs - begin.UserNs) / rows,
            [Figure.SystemNs] = (double)(end.SystemNs - begin.SystemNs) / rows,
            [Figure.AllocatedBytes] = (double)(allocated - begin.AllocatedBytes) / rows,
            [Figure.Collections] = _collections,
            [Figure.CollectionPauseUs] = _pausedMs * 1000,
        };
    }

    private sealed record Snapshot(double AtMs, long UserNs, long SystemNs, long AllocatedBytes);
}
