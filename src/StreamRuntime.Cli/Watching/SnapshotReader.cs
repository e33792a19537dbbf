using Microsoft.Diagnostics.Tracing;

namespace StreamRuntime.Cli.Watching;

/// <summary>Makes snapshots of the events they come as. One that lacks events, because the process was faster than we read, is left out.</summary>
/// <remarks>Not thread-safe: called by the one thread that reads.</remarks>
/// <param name="taken">Takes each snapshot that is whole.</param>
internal sealed class SnapshotReader(Action<Snapshot> taken)
{
    private const int ProcessId = 20;
    private const int SumsId = 21;
    private const int StreamId = 22;
    private const int PoolId = 23;
    private const int CompletedId = 24;

    private long _number;
    private ProcessFigures? _process;
    private StreamSums _sums = StreamSums.None;
    private List<StreamFigures> _streams = [];
    private List<PoolFigures> _pools = [];

    public void Take(TraceEvent e)
    {
        switch ((int)e.ID)
        {
            case ProcessId:
                Begin(e);
                break;
            case SumsId when IsOfThis(e):
                _sums = new StreamSums(
                    Int(e, "running"), Int(e, "paused"), Long(e, "rows"), Long(e, "bytes"), Long(e, "rowsFiltered"), Long(e, "pauses"), Double(e, "pausedMs"), Long(e, "bufferedBytes"));
                break;
            case StreamId when IsOfThis(e):
                _streams.Add(ReadStream(e));
                break;
            case PoolId when IsOfThis(e):
                _pools.Add(ReadPool(e));
                break;
            case CompletedId when IsOfThis(e) && Long(e, "entries") == _streams.Count + _pools.Count:
                taken(new Snapshot(_process!, _sums, _streams, _pools));
                _process = null;
                break;
        }
    }

    private void Begin(TraceEvent e)
    {
        _number = Long(e, "snapshot");
        _process = new ProcessFigures(
            Double(e, "uptimeMs"),
            Double(e, "cpuMs"),
            Int(e, "processors"),
            Long(e, "workingSetBytes"),
            Long(e, "heapBytes"),
            Long(e, "allocatedBytes"),
            Double(e, "gcPauseMs"),
            Int(e, "gen0Collections"),
            Int(e, "gen1Collections"),
            Int(e, "gen2Collections"),
            Int(e, "threads"),
            Long(e, "queuedWorkItems"));
        _sums = StreamSums.None;
        _streams = [];
        _pools = [];
    }

    private bool IsOfThis(TraceEvent e) => _process is not null && Long(e, "snapshot") == _number;

    private static StreamFigures ReadStream(TraceEvent e) => new(
        Long(e, "stream"),
        Text(e, "name"),
        Text(e, "state"),
        Long(e, "rows"),
        Long(e, "bytes"),
        Long(e, "rowsFiltered"),
        Long(e, "bufferedBytes"),
        Int(e, "pauses"),
        Double(e, "pausedMs"),
        Double(e, "currentPauseMs"),
        Text(e, "pauseReason"),
        Double(e, "waitingMs"),
        Double(e, "elapsedMs"));

    private static PoolFigures ReadPool(TraceEvent e) => new(
        Text(e, "name"),
        Int(e, "leased"),
        Int(e, "idle"),
        Int(e, "opening"),
        Int(e, "closing"),
        Int(e, "waiting"),
        Int(e, "max"),
        Long(e, "leases"),
        Long(e, "opened"),
        Long(e, "openFailures"),
        Long(e, "timeouts"));

    private static long Long(TraceEvent e, string name) => (long)e.PayloadByName(name);

    private static int Int(TraceEvent e, string name) => (int)e.PayloadByName(name);

    private static double Double(TraceEvent e, string name) => (double)e.PayloadByName(name);

    private static string Text(TraceEvent e, string name) => (string)e.PayloadByName(name);
}
