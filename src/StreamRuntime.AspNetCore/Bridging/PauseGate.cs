namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Holds a session's pumps while it is paused.</summary>
/// <remarks>
/// Thread-safe. Changes are made under the lock, together with what has to happen in the same order; pumps look at one field and take the lock only when they find it
/// closed. Once opened for good it stays open.
/// </remarks>
internal sealed class PauseGate
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private TaskCompletionSource? _closed;
    private bool _isOpenForGood;
    private long _pausedAt;
    private TimeSpan _pausedBefore;
    private int _count;

    public PauseGate(TimeProvider time) => _time = time;

    public bool IsPaused => Volatile.Read(ref _closed) is not null;

    /// <summary>How often it was closed.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How long it was closed in all.</summary>
    public TimeSpan PausedTime
    {
        get
        {
            lock (_lock)
            {
                return _closed is null ? _pausedBefore : _pausedBefore + _time.GetElapsedTime(_pausedAt);
            }
        }
    }

    /// <summary>Completes when the gate is open; may be closed again by then.</summary>
    public Task OpenedAsync() => Volatile.Read(ref _closed)?.Task ?? Task.CompletedTask;

    /// <summary>True for the one caller that closed it.</summary>
    /// <param name="whenChanged">What to do before anybody else can open it; must not throw.</param>
    public bool TryClose(Action whenChanged)
    {
        lock (_lock)
        {
            if (_closed is not null || _isOpenForGood)
            {
                return false;
            }

            _pausedAt = _time.GetTimestamp();
            _count++;
            Volatile.Write(ref _closed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            whenChanged();
            return true;
        }
    }

    /// <summary>True for the one caller that opened it.</summary>
    /// <param name="whenChanged">What to do before anybody else can close it; must not throw.</param>
    public bool TryOpen(Action whenChanged)
    {
        lock (_lock)
        {
            if (_closed is not { } closed)
            {
                return false;
            }

            OpenLocked(closed);
            whenChanged();
            return true;
        }
    }

    /// <summary>Lets the pumps go, for their end.</summary>
    public void OpenForGood()
    {
        lock (_lock)
        {
            _isOpenForGood = true;
            if (_closed is { } closed)
            {
                OpenLocked(closed);
            }
        }
    }

    private void OpenLocked(TaskCompletionSource closed)
    {
        _pausedBefore += _time.GetElapsedTime(_pausedAt);
        Volatile.Write(ref _closed, null);
        closed.SetResult();
    }
}
