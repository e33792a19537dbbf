namespace StreamRuntime.Diagnostics;

/// <summary>Has snapshots written at an interval. There is no timer while nobody wants any.</summary>
/// <remarks>Thread-safe; one lock guards every field, and nothing else is called inside it.</remarks>
internal sealed class SnapshotTimer
{
    private readonly Lock _lock = new();
    private SnapshotSettings _settings;
    private ITimer? _timer;

    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _timer is not null;
            }
        }
    }

    /// <summary>Begins, or takes what somebody else asks for as well: the shorter interval and the larger number of streams.</summary>
    public void Start(SnapshotSettings settings, RuntimeEventSource log)
    {
        lock (_lock)
        {
            if (_timer is null)
            {
                _settings = settings;

                // The first at once: whoever has just attached need not wait.
                _timer = TimeProvider.System.CreateTimer(_ => Tick(log), null, TimeSpan.Zero, settings.Interval);
                return;
            }

            _settings = new SnapshotSettings(
                settings.Interval < _settings.Interval ? settings.Interval : _settings.Interval, Math.Max(settings.MaxStreams, _settings.MaxStreams));
            _timer.Change(TimeSpan.Zero, _settings.Interval);
        }
    }

    public void Stop()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void Tick(RuntimeEventSource log)
    {
        int maxStreams;
        lock (_lock)
        {
            if (_timer is null)
            {
                return;
            }

            maxStreams = _settings.MaxStreams;
        }

        log.WriteSnapshot(maxStreams);
    }
}
