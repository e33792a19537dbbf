namespace StreamRuntime.Streams;

public sealed partial class JsonRowStream
{
    // Where the reader is, written by the reader alone. Deciding spans the look at the state and the start of the receive, so a pauser that
    // finds the reader elsewhere, after its own move, knows that the next look will see Paused.
    private const byte Outside = 0;
    private const byte Deciding = 1;
    private const byte Receiving = 2;

    /// <summary>
    /// How long a pause may last, counted from its start, before the stream resumes by itself; infinite for no limit. Starts as
    /// <see cref="JsonRowStreamOptions.PauseTimeout"/>; setting it applies to a pause under way as well.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is neither more than zero nor infinite.</exception>
    public TimeSpan PauseTimeout
    {
        get => Volatile.Read(ref _gate)?.Timeout ?? _options.PauseTimeout;
        set
        {
            JsonRowStreamOptions.CheckTimeout(value);
            EnsureGate().SetTimeout(value, PauseTimedOut, this);
        }
    }

    /// <summary>
    /// Pauses the stream. When the task completes, no further receive is started until it is resumed; what was received already can still be read, and
    /// a read that finds nothing more waits. Pausing a paused stream does nothing, and keeps the first reason.
    /// </summary>
    /// <param name="reason">Why, for statistics and the log; must not hold secrets.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.StreamEnded"/>: the stream is Complete or in Error.</exception>
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

        // The reader's mark and its look at the state have no fence between them, so that reading pays for none; this one serves both.
        Interlocked.MemoryBarrierProcessWide();
        return Volatile.Read(ref _phase) == Deciding ? WaitUntilDecidedAsync() : Task.CompletedTask;
    }

    /// <summary>Resumes the stream. On a stream that is not paused this does nothing and allocates nothing.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.StreamEnded"/>: the stream is Complete or in Error.</exception>
    public Task ResumeAsync() => State == StreamState.Running ? Task.CompletedTask : ResumeSlow();

    /// <summary>
    /// Pauses without waiting: a receive that the reader is just about to start may still be started.
    /// </summary>
    /// <returns>True for the one caller that paused the stream; false when it was paused already or has ended.</returns>
    public bool TryPause(string? reason = null)
    {
        if (State != StreamState.Running)
        {
            return false;
        }

        long delivered = Volatile.Read(ref _rowsDelivered);
        var record = new PauseRecord(reason, (int)Math.Clamp(Volatile.Read(ref _rowsReceived) - delivered, 0, int.MaxValue), (int)Math.Min(int.MaxValue, Volatile.Read(ref _buffered)));
        if (!EnsureGate().TryPause(ref _state, record, PauseTimedOut, this))
        {
            return false;
        }

        StreamLog.Paused(_options.Logger, reason, delivered, record.RowsBuffered, record.BytesBuffered);
        StreamEvents.Paused(Id, reason, delivered, record.RowsBuffered, record.BytesBuffered);
        return true;
    }

    /// <summary>Resumes a paused stream.</summary>
    /// <returns>True for the one caller that resumed the stream; false when it was not paused.</returns>
    public bool TryResume() => State == StreamState.Paused && TryResumeSlow();

    private bool TryResumeSlow()
    {
        if (!Volatile.Read(ref _gate)!.TryResume(ref _state, out TimeSpan lasted))
        {
            return false;
        }

        Unpark();
        Volatile.Read(ref _clock)?.Resumed();
        StreamLog.Resumed(_options.Logger, lasted.TotalMilliseconds);
        StreamEvents.Resumed(Id, lasted, byTimeout: false);
        return true;
    }

    private Task ResumeSlow()
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

    /// <summary>The pause machinery, once there is one.</summary>
    internal PauseGate? Gate => Volatile.Read(ref _gate);

    private static void PauseTimedOut(object? stream)
    {
        var self = (JsonRowStream)stream!;
        if (self._gate!.TryResumeAfterTimeout(ref self._state, out TimeSpan lasted))
        {
            self.Unpark();
            Volatile.Read(ref self._clock)?.Resumed();
            StreamLog.ResumedByTimeout(self._options.Logger, lasted.TotalMilliseconds);
            StreamEvents.Resumed(self.Id, lasted, byTimeout: true);
        }
        else
        {
            self.ParkIfDue();
        }
    }

    private static StreamRuntimeException Ended(string verb, StreamState seen) =>
        new(ErrorKind.StreamEnded, $"The stream has ended ({seen}) and can't be {verb}.");

    private PauseGate EnsureGate()
    {
        if (Volatile.Read(ref _gate) is { } gate)
        {
            return gate;
        }

        var made = new PauseGate(_options.TimeProvider, _options.PauseTimeout);
        return Interlocked.CompareExchange(ref _gate, made, null) ?? made;
    }

    // The window is the synchronous start of one receive; it is short, and rarely met.
    private async Task WaitUntilDecidedAsync()
    {
        while (Volatile.Read(ref _phase) == Deciding)
        {
            await Task.Yield();
        }
    }
}
