using StreamRuntime.Cli.Terminals;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Progress;

/// <summary>Shows how a stream gets on, on standard error: a live line on a terminal, a plain line now and then elsewhere.</summary>
/// <remarks>A timer reads the stream's statistics; the stream itself knows nothing of it. Safe from any thread.</remarks>
internal abstract class ProgressDisplay : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Func<StreamStatistics> _statistics;
    private readonly Func<StreamStatistics, double?> _share;
    private readonly Func<ParallelProgress?>? _partitions;
    private readonly ITimer _timer;
    private TimeSpan _lastElapsed;
    private long _lastRows;
    private double _rowsPerSecond;
    private bool _disposed;

    protected ProgressDisplay(Func<StreamStatistics> statistics, Func<StreamStatistics, double?> share, Func<ParallelProgress?>? partitions, TimeSpan interval)
    {
        _statistics = statistics;
        _share = share;
        _partitions = partitions;
        _timer = TimeProvider.System.CreateTimer(static self => ((ProgressDisplay)self!).Tick(), this, interval, interval);
    }

    public static ProgressDisplay Start(
        Func<StreamStatistics> statistics, Func<StreamStatistics, double?> share, Func<ParallelProgress?>? partitions = null) =>
        StandardStreams.ErrorIsTerminal && Environment.GetEnvironmentVariable("TERM") != "dumb"
            ? new LiveProgress(statistics, share, partitions)
            : new PlainProgress(statistics, share, partitions);

    /// <summary>Prints a line of its own.</summary>
    public void Note(string line)
    {
        lock (_lock)
        {
            WriteNote(line);
        }
    }

    /// <summary>Shows the final figures and stops.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
        {
            if (!_disposed)
            {
                _disposed = true;
                Show(isLast: true);
            }
        }
    }

    protected abstract void WriteNote(string line);

    protected abstract void Write(in ProgressFigures figures, bool isLast);

    private void Tick()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                Show(isLast: false);
            }
        }
    }

    private void Show(bool isLast)
    {
        StreamStatistics now = _statistics();
        double seconds = (now.Elapsed - _lastElapsed).TotalSeconds;
        if (isLast)
        {
            double running = (now.Elapsed - now.PausedTime).TotalSeconds;
            _rowsPerSecond = running > 0 ? now.RowsDelivered / running : 0;
        }
        else if (seconds > 0)
        {
            _rowsPerSecond = (now.RowsDelivered - _lastRows) / seconds;
        }

        _lastElapsed = now.Elapsed;
        _lastRows = now.RowsDelivered;
        Write(new ProgressFigures(now, Math.Max(0, _rowsPerSecond), _share(now), _partitions?.Invoke()), isLast);
    }
}
