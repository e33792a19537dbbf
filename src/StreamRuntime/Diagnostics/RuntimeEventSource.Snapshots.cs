using System.Diagnostics.Tracing;

namespace StreamRuntime.Diagnostics;

/// <summary>Writes what a part of the library stands at.</summary>
/// <param name="log">Where to.</param>
/// <param name="snapshot">The snapshot's number.</param>
/// <param name="maxStreams">How many streams are wanted at most.</param>
/// <returns>How many streams or pools were written.</returns>
internal delegate int SnapshotPart(RuntimeEventSource log, long snapshot, int maxStreams);

internal sealed partial class RuntimeEventSource
{
    // Made before the base class is, which may call back at once: a tool can be there before the source is.
    private readonly SnapshotTimer _timer = new();
    private readonly Lock _writing = new();
    private readonly long _startedAt = TimeProvider.System.GetTimestamp();
    private volatile SnapshotPart[] _parts = [];
    private long _snapshots;

    /// <summary>True while snapshots are written by themselves.</summary>
    internal bool TakesSnapshots => _timer.IsRunning;

    private bool WantsSnapshots => IsEnabled(EventLevel.Informational, Keywords.Snapshots);

    /// <summary>Has a part of the library take part in every snapshot from now on.</summary>
    [NonEvent]
    public void AddToSnapshots(SnapshotPart part)
    {
        lock (_writing)
        {
            _parts = [.. _parts, part];
        }
    }

    /// <summary>Writes one snapshot, unless another is being written or nobody wants any.</summary>
    /// <param name="maxStreams">How many streams it lists at most.</param>
    [NonEvent]
    public void WriteSnapshot(int maxStreams)
    {
        if (!WantsSnapshots)
        {
            _timer.Stop();
            return;
        }

        if (!_writing.TryEnter())
        {
            return;
        }

        long snapshot = ++_snapshots;
        try
        {
            WriteProcess(snapshot);
            int entries = 0;
            foreach (SnapshotPart part in _parts)
            {
                entries += part(this, snapshot, maxStreams);
            }

            SnapshotCompleted(snapshot, entries);
        }
#pragma warning disable CA1031 // A source's own description of itself may fail. Whoever only looks must not end the process by it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            SnapshotFailed(snapshot, failure.GetType().FullName!);
        }
        finally
        {
            _writing.Exit();
        }
    }

    /// <summary>Called whenever a tool begins to listen, stops, or wants something else.</summary>
    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (!WantsSnapshots)
        {
            _timer.Stop();
        }
        else if (SnapshotSettings.Read(command.Arguments) is { } settings)
        {
            _timer.Start(settings, this);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _timer.Stop();
        }

        base.Dispose(disposing);
    }

    [NonEvent]
    private void WriteProcess(long snapshot) => Process(
        snapshot,
        TimeProvider.System.GetElapsedTime(_startedAt).TotalMilliseconds,
        Environment.CpuUsage.TotalTime.TotalMilliseconds,
        Environment.ProcessorCount,
        Environment.WorkingSet,
        GC.GetTotalMemory(forceFullCollection: false),
        GC.GetTotalAllocatedBytes(precise: false),
        GC.GetTotalPauseDuration().TotalMilliseconds,
        GC.CollectionCount(0),
        GC.CollectionCount(1),
        GC.CollectionCount(2),
        ThreadPool.ThreadCount,
        ThreadPool.PendingWorkItemCount);
}
