using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Designs;

internal sealed partial class LockedRowStream
{
    /// <summary>As <see cref="JsonRowStream.PauseAsync"/>.</summary>
    public Task PauseAsync(string? reason = null)
    {
        if (!TryPause(reason))
        {
            StreamState seen = State;
            if (seen is StreamState.Complete or StreamState.Error)
            {
                return Task.FromException(Ended("paused", seen));
            }
        }

        // A reader that marked itself did so in the lock before our move, and any later one finds Paused there.
        return Volatile.Read(ref _isStarting) ? WaitUntilStartedAsync() : Task.CompletedTask;
    }

    /// <summary>As <see cref="JsonRowStream.ResumeAsync"/>.</summary>
    public Task ResumeAsync()
    {
        if (!TryResume())
        {
            StreamState seen = State;
            if (seen is StreamState.Complete or StreamState.Error)
            {
                return Task.FromException(Ended("resumed", seen));
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>True for the one caller that paused the stream.</summary>
    public bool TryPause(string? reason = null)
    {
        long delivered;
        PauseRecord record;
        lock (_sync)
        {
            if (_state != StreamState.Running)
            {
                return false;
            }

            delivered = Volatile.Read(ref _rowsDelivered);
            record = new PauseRecord(reason, (int)Math.Max(0, Volatile.Read(ref _rowsReceived) - delivered), (int)Volatile.Read(ref _buffered));
            _gate ??= new LockedGate(_options.TimeProvider, _options.PauseTimeout);
            _gate.CloseLocked(record, PauseTimedOut, this);
            _state = StreamState.Paused;
        }

        StreamLog.Paused(_options.Logger, reason, delivered, record.RowsBuffered, record.BytesBuffered);
        return true;
    }

    /// <summary>True for the one caller that resumed the stream.</summary>
    public bool TryResume()
    {
        TimeSpan lasted;
        bool wake;
        lock (_sync)
        {
            if (_state != StreamState.Paused)
            {
                return false;
            }

            _state = StreamState.Running;
            wake = _gate!.OpenLocked(out lasted);
        }

        if (wake)
        {
            _gate.Wake();
        }

        StreamLog.Resumed(_options.Logger, lasted.TotalMilliseconds);
        return true;
    }

    private static void PauseTimedOut(object? stream)
    {
        var self = (LockedRowStream)stream!;
        TimeSpan lasted;
        bool wake;
        lock (self._sync)
        {
            if (self._state != StreamState.Paused || !self._gate!.HasTimedOutLocked())
            {
                return;
            }

            self._state = StreamState.Running;
            wake = self._gate.OpenLocked(out lasted);
        }

        if (wake)
        {
            self._gate.Wake();
        }

        StreamLog.ResumedByTimeout(self._options.Logger, lasted.TotalMilliseconds);
    }

    private static StreamRuntimeException Ended(string verb, StreamState seen) =>
        new(ErrorKind.StreamEnded, $"The stream has ended ({seen}) and can't be {verb}.");

    private async Task WaitUntilStartedAsync()
    {
        while (Volatile.Read(ref _isStarting))
        {
            await Task.Yield();
        }
    }
}
