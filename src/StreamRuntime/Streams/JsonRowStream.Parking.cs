using StreamRuntime.Resuming;

namespace StreamRuntime.Streams;

public sealed partial class JsonRowStream
{
    /// <summary>
    /// True when the stream's source can give everything back but its place: a query with a key, say, or a file. If not, <see cref="ParkAsync"/> says why.
    /// </summary>
    public bool CanPark => _source is IParkableRowSource { ParkingRefusal: null };

    /// <summary>
    /// How many others, at most, get a connection before this stream does, after it was parked and resumed; 0 is the next. Null when it does not wait in such a line.
    /// Those who have given up since they asked may be counted.
    /// </summary>
    public int? ResumeQueuePosition =>
        State == StreamState.Running && Volatile.Read(ref _gate)?.Parking is { Phase: ParkPhase.Opening } ? ((IParkableRowSource)_source).QueuePosition : null;

    /// <summary>When a pause is to become a park; infinite where the source can't.</summary>
    internal TimeSpan ParkAfter => _options.ParkAfter == Timeout.InfiniteTimeSpan || !CanPark ? Timeout.InfiniteTimeSpan : _options.ParkAfter;

    // Asked after a look at the state, which is a barrier: whoever saw what a resume has made of it sees the gate as well.
    private bool IsAway => _gate is { IsAway: true };

    /// <summary>
    /// Pauses the stream, if it is not yet paused, and has it give back everything but its place: connection, buffers, timers. Rows that were received but not delivered are
    /// dropped, and come again after a resume; rows handed out stay readable until the next read, and the latest batch of <see cref="ReadBatchAsync"/> is kept that long. A
    /// read under way waits. Parking a parked stream does nothing. Resuming opens the source again and goes on right after the last row delivered.
    /// </summary>
    /// <param name="reason">Why, where this pauses the stream; as for <see cref="PauseAsync"/>.</param>
    /// <returns>Completes when the stream is parked, or when it was resumed or has ended meanwhile.</returns>
    /// <exception cref="NotSupportedException">The source can't park; the message says why.</exception>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.StreamEnded"/>: the stream is Complete or in Error.</exception>
    public async Task ParkAsync(string? reason = null)
    {
        FindParkable(_source, "be parked");
        StreamState seen;
        if (!TryPause(reason) && (seen = State) is StreamState.Complete or StreamState.Error)
        {
            throw Ended("parked", seen);
        }

        await ParkPausedAsync().ConfigureAwait(false);
    }

    private Task ParkPausedAsync()
    {
        // Not paused any more means resumed since, without a gate that means ended before.
        if (Volatile.Read(ref _gate) is not { } gate)
        {
            return Task.CompletedTask;
        }

        if (gate.TryWantParked(ref _state, out Task settled))
        {
            _ = DriveAsync(gate);
        }

        return settled;
    }

    /// <summary>After a pause timer came up: parks if it is time.</summary>
    private void ParkIfDue()
    {
        if (ParkAfter != Timeout.InfiniteTimeSpan && _gate!.IsParkDue(PauseTimedOut, this))
        {
            _ = ParkPausedAsync();
        }
    }

    /// <summary>After a resume: opens the source again if it was parked. The place in its line is taken before this returns.</summary>
    private void Unpark()
    {
        if (_gate is { Parking: not null } gate && gate.TryWantOpen())
        {
            _ = DriveAsync(gate);
        }
    }

    /// <summary>Parks and opens the source until that is what is wanted of it. One at a time, and it never fails.</summary>
    private async Task DriveAsync(PauseGate gate)
    {
        while (true)
        {
            switch (gate.NextStep())
            {
                case ParkStep.Park:
                    await ParkSourceAsync(gate).ConfigureAwait(false);
                    break;
                case ParkStep.Open:
                    await OpenSourceAsync(gate).ConfigureAwait(false);
                    break;
                default:
                    return;
            }
        }
    }

    private async Task ParkSourceAsync(PauseGate gate)
    {
        var source = (IParkableRowSource)_source;
        byte[]? place = null;
        bool rowsAreUsed = true;
        bool isInterrupted = false;
        int dropped = 0;
        while (place is null)
        {
            if (!gate.TryBeginTurn(isInterrupted, out Task turn))
            {
                return;
            }

            if (_lease.TryEnterBriefly())
            {
                if (_sourceDisposed)
                {
                    // A reader that has come to the end lets go of the source first, and then says that the stream has ended.
                    gate.GiveUpParking();
                    _lease.ExitBriefly();
                    return;
                }

                dropped = HoldRowsBack();
                place = LeaveSource(gate, source, dropped);
                ForgetRows(dropped);
                _lease.ExitBriefly();
            }
            else if (gate.TryTakeFromReader())
            {
                // It has come for more rows than there were, so it has seen them all.
                rowsAreUsed = false;
                place = LeaveSource(gate, source, 0);
            }
            else
            {
                gate.TurnReaderRound();
                isInterrupted |= await TryInterruptReceiveAsync().ConfigureAwait(false);
                await turn.ConfigureAwait(false);
            }
        }

        try
        {
            await source.ParkAsync(place, rowsAreUsed).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // As when a source fails to close: what it holds is lost to us either way, and its place is known.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            StreamLog.SourceNotClosed(_options.Logger, failure);
        }

        gate.Parked(PauseTimedOut, this);
        StreamLog.Parked(_options.Logger, Volatile.Read(ref _rowsDelivered), dropped);
    }

    /// <summary>Takes the source from a reader that is out of its way, or waits for it, and gives up what only a reader needs.</summary>
    private byte[] LeaveSource(PauseGate gate, IParkableRowSource source, int undelivered)
    {
        if (undelivered > 0)
        {
            // What came behind those rows, the end or a failure, comes again with them, or does not.
            _sourceEnded = false;
            _failure = null;
        }

        TimeSpan waited = gate.WaitedBefore;
        if (_clock is { } clock)
        {
            waited = clock.Waited;
            clock.Dispose();
            Volatile.Write(ref _clock, null);
        }

        byte[] place;
        try
        {
            place = source.GetPlace(undelivered);
        }
#pragma warning disable CA1031 // Whatever it is, the stream can't go on after it, and whoever reads is told.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _failure = failure;
            place = [];
        }

        // A stopper that has found it cancels what nobody listens to, and has left its reason.
        Volatile.Write(ref _stop, null);
        Volatile.Write(ref _buffered, _rows.IsDetached ? _rows.BufferedBytes : 0);
        gate.SetPlace(place, _rowsDelivered, waited);
        return place;
    }

    /// <summary>Lets an enumeration have no more of the rows it has not come to. Nobody reads meanwhile, but one may be just about to take a row.</summary>
    /// <returns>How many those are.</returns>
    private int HoldRowsBack()
    {
        if (_rows.IsHandedOut || _rows.IsDetached)
        {
            // The whole batch is its consumer's, who may still give some of it back; and from a batch whose source has gone, rows would not come again.
            _rows.IsDetached = true;
            return 0;
        }

        int ready = _ready;
        Volatile.Write(ref _ready, 0);
        Interlocked.MemoryBarrierProcessWide();
        var spin = default(SpinWait);
        while (Volatile.Read(ref _rowsDelivered) != _rowsReceived - _rows.Count + Volatile.Read(ref _cursor))
        {
            spin.SpinOnce();
        }

        return ready == 0 ? _rows.Count : ready - _cursor;
    }

    /// <summary>Drops the latest batch, unless all of it is its consumer's.</summary>
    /// <param name="undelivered">How many of its rows come again.</param>
    private void ForgetRows(int undelivered)
    {
        if (!_rows.IsDetached)
        {
            Volatile.Write(ref _rowsReceived, _rowsReceived - undelivered);
            _rows.Abandon();
            _cursor = 0;
        }
    }

    /// <summary>Ends a receive that is under way, without ending the stream.</summary>
    private async Task<bool> TryInterruptReceiveAsync()
    {
        // As in a pause: after this the reader is in a receive, or won't begin one.
        Interlocked.MemoryBarrierProcessWide();
        await WaitUntilDecidedAsync().ConfigureAwait(false);
        if (Volatile.Read(ref _phase) != Receiving || Volatile.Read(ref _stop) is not { } stop)
        {
            return false;
        }

        try
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The stream was disposed meanwhile, which has ended the receive as well.
        }
        catch (AggregateException failure)
        {
            StreamLog.SourceNotStopped(_options.Logger, failure);
        }

        return true;
    }

    /// <summary>True when a receive was cancelled for parking and for nothing else; the next one gets a token of its own.</summary>
    private bool TryForgetInterruption(CancellationToken stop)
    {
        if (!stop.IsCancellationRequested || Volatile.Read(ref _stopReason) != (byte)StopReason.None)
        {
            return false;
        }

        Volatile.Write(ref _phase, Outside);
        Volatile.Write(ref _stop, null);
        return true;
    }

    private async Task OpenSourceAsync(PauseGate gate)
    {
        bool isOpen = false;
        Exception? failure = null;
        CancellationToken leave = gate.Parking!.Opening!.Token;
        try
        {
            await ((IParkableRowSource)_source).UnparkAsync(leave).ConfigureAwait(false);
            isOpen = true;
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            // Paused or parked again, or at its end: whoever cancelled knows what comes next.
        }
#pragma warning disable CA1031 // Whatever it is, it is the answer to the next read.
        catch (Exception reason)
#pragma warning restore CA1031
        {
            failure = reason;
            StreamLog.NotUnparked(_options.Logger, reason);
        }

        TimeSpan lasted = gate.Unparked(isOpen, failure);
        if (isOpen)
        {
            StreamLog.Unparked(_options.Logger, lasted.TotalMilliseconds);
        }
    }

    /// <summary>The reader's wait while the source is not its own.</summary>
    private async Task WaitWhileAwayAsync()
    {
        PauseGate gate = _gate!;
        _rows.Release();
        Volatile.Write(ref _buffered, 0);
        await gate.WaitForSource(ref _stopReason).ConfigureAwait(false);
        if (gate.Parking!.Failure is { } failure)
        {
            _failure ??= failure;
        }
    }

    /// <summary>Ends a read: a driver may be waiting for the reader to be out of its way.</summary>
    private void LeaveLease()
    {
        _lease.Exit();

        // After the exchange, as a driver announces itself before the exchange by which it finds the reader inside.
        if (_gate is { Parking: not null } gate)
        {
            gate.ReaderLeft();
        }
    }

    private async ValueTask DisposeParkableSourceAsync(StreamState end, Exception? error)
    {
        PauseGate gate = _gate!;
        await gate.StopParkingAsync().ConfigureAwait(false);
        await DisposeOpenSourceAsync(end, error).ConfigureAwait(false);
    }

    private static IParkableRowSource FindParkable(IRowSource source, string what)
    {
        string? refusal = source.ParkingRefusal;
        return refusal is null && source is IParkableRowSource parkable ? parkable : throw new NotSupportedException($"The stream can't {what}: {refusal}.");
    }
}
