namespace StreamRuntime.Streams;

internal sealed partial class PauseGate
{
    private Parking? _parking;

    /// <summary>The parking machinery; null until it is needed.</summary>
    public Parking? Parking => Volatile.Read(ref _parking);

    /// <summary>True while the source is not the reader's to use.</summary>
    public bool IsAway => Parking is { IsAway: true };

    /// <summary>How long the source had been waited for when the stream was last parked.</summary>
    public TimeSpan WaitedBefore => Parking?.WaitedBefore ?? default;

    private bool IsAwayLocked => _parking is { IsAway: true };

    public Parking EnsureParking()
    {
        lock (_open)
        {
            if (_parking is null)
            {
                Volatile.Write(ref _parking, new Parking());
            }

            return _parking!;
        }
    }

    /// <summary>Has the stream parked, unless it was resumed or has ended meanwhile.</summary>
    /// <param name="state">The stream's state.</param>
    /// <param name="settled">Completes when the stream is parked, or when something else has been asked for since.</param>
    /// <returns>True when the caller is to drive.</returns>
    public bool TryWantParked(ref StreamStateCell state, out Task settled)
    {
        Parking parking = EnsureParking();
        CancellationTokenSource? opening;
        bool drives;
        lock (_open)
        {
            settled = Task.CompletedTask;
            if (state.Value != StreamState.Paused || parking.IsStopped || parking.Failure is not null || parking is { Phase: ParkPhase.Parked, IsDriven: false })
            {
                return false;
            }

            opening = LeaveQueueLocked();
            parking.IsWanted = true;
            parking.Settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            settled = parking.Settled.Task;
            drives = TryDriveLocked(parking);
        }

        opening?.Cancel();
        return drives;
    }

    /// <summary>True when the stream is to be opened again and the caller is to drive.</summary>
    public bool TryWantOpen()
    {
        lock (_open)
        {
            return _parking is { IsWanted: false, Phase: ParkPhase.Parked, IsStopped: false, Failure: null } parking && TryDriveLocked(parking);
        }
    }

    /// <summary>True when the pause under way has lasted so long that the stream is to park. A timer that came early is set again.</summary>
    public bool IsParkDue(TimerCallback onTimeout, JsonRowStream stream)
    {
        lock (_open)
        {
            if (!_isPaused || _parking is { IsOpen: false } or { IsWanted: true })
            {
                return false;
            }

            if (ElapsedLocked() >= stream.ParkAfter)
            {
                return true;
            }

            ArmLocked(onTimeout, stream);
            return false;
        }
    }

    /// <summary>What the driver does next. After <see cref="ParkStep.None"/> it is the driver no more.</summary>
    public ParkStep NextStep()
    {
        Parking parking = _parking!;
        TaskCompletionSource? settled;
        TaskCompletionSource? idle;
        TaskCompletionSource? reader = null;
        lock (_open)
        {
            if (!parking.IsStopped && parking.Failure is null)
            {
                if (parking is { IsWanted: true, Phase: ParkPhase.Open })
                {
                    parking.Phase = ParkPhase.Parking;
                    return ParkStep.Park;
                }

                if (parking is { IsWanted: false, Phase: ParkPhase.Parked })
                {
                    parking.Phase = ParkPhase.Opening;
                    parking.Opening = new CancellationTokenSource();
                    return ParkStep.Open;
                }
            }

            parking.IsDriven = false;
            settled = parking.Settled;
            parking.Settled = null;
            idle = parking.Idle;
            parking.Idle = null;
            if (parking.IsOpen || parking.IsStopped || parking.Failure is not null)
            {
                parking.IsAway = !parking.IsOpen;
                reader = parking.Reader;
                parking.Reader = null;
            }
        }

        settled?.TrySetResult();
        idle?.TrySetResult();
        reader?.TrySetResult();
        return ParkStep.None;
    }

    /// <summary>Announces that the driver will look whether it may have the source. What happens after this completes <paramref name="turn"/>.</summary>
    /// <param name="mustGoOn">True when a receive was interrupted, so that the source is good for parking only.</param>
    /// <param name="turn">Completes when it may be the driver's turn.</param>
    /// <returns>False when nobody wants to park any more.</returns>
    public bool TryBeginTurn(bool mustGoOn, out Task turn)
    {
        lock (_open)
        {
            Parking parking = _parking!;
            parking.Turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            turn = parking.Turn.Task;
            if ((parking.IsWanted || mustGoOn) && !parking.IsStopped)
            {
                return true;
            }

            parking.Turn = null;
            parking.Phase = ParkPhase.Open;
            return false;
        }
    }

    /// <summary>The source is gone, and the stream with it: there is nothing to park.</summary>
    public void GiveUpParking()
    {
        lock (_open)
        {
            Parking parking = _parking!;
            parking.Turn = null;
            parking.Phase = ParkPhase.Open;
            parking.IsStopped = true;
        }
    }

    /// <summary>True when the reader waits for the source to come back, so that the driver may have it.</summary>
    public bool TryTakeFromReader()
    {
        lock (_open)
        {
            if (_parking!.Reader is null)
            {
                return false;
            }

            _parking.Turn = null;
            return true;
        }
    }

    /// <summary>Writes down where the stream stands. From here on the source can't be asked.</summary>
    public void SetPlace(byte[] place, long rows, TimeSpan waited)
    {
        lock (_open)
        {
            Parking parking = _parking!;
            parking.Turn = null;
            parking.Place = place;
            parking.RowsAt = rows;
            parking.HasPlace = true;
            parking.WaitedBefore = waited;
        }
    }

    /// <summary>Writes down where a stream stands that is about to end.</summary>
    public void KeepPlace(byte[] place, long rows)
    {
        lock (_open)
        {
            _parking!.Place = place;
            _parking.RowsAt = rows;
            _parking.HasPlace = true;
        }
    }

    /// <summary>Where the stream stands, if that is written down; null while only the source knows.</summary>
    /// <param name="rows">How many rows had been delivered there.</param>
    public byte[]? TryGetPlace(out long rows)
    {
        lock (_open)
        {
            rows = _parking?.RowsAt ?? 0;
            return _parking is { HasPlace: true } parking ? parking.Place : null;
        }
    }

    /// <summary>The source is parked.</summary>
    public void Parked(TimerCallback onTimeout, JsonRowStream stream)
    {
        lock (_open)
        {
            Parking parking = _parking!;
            parking.Phase = ParkPhase.Parked;
            parking.Count++;
            parking.ParkedAt = _time.GetTimestamp();
            if (_timeout == System.Threading.Timeout.InfiniteTimeSpan)
            {
                _timer?.Dispose();
                _timer = null;
            }
            else if (_isPaused)
            {
                ArmLocked(onTimeout, stream);
            }
        }
    }

    /// <summary>The source is open again, or could not be opened, for the reason given, or is to stay parked after all.</summary>
    /// <param name="isOpen">Whether it is open.</param>
    /// <param name="failure">Why it is not; null when somebody has asked for something else.</param>
    /// <returns>How long the stream was parked, when it is open.</returns>
    public TimeSpan Unparked(bool isOpen, Exception? failure)
    {
        lock (_open)
        {
            Parking parking = _parking!;
            parking.Opening = null;
            parking.Phase = isOpen ? ParkPhase.Open : ParkPhase.Parked;
            parking.Failure = failure;
            if (!isOpen)
            {
                return TimeSpan.Zero;
            }

            TimeSpan lasted = _time.GetElapsedTime(parking.ParkedAt);
            parking.ParkedBefore += lasted;
            parking.HasPlace = false;
            parking.Place = [];
            return lasted;
        }
    }

    /// <summary>The reader has left the stream, where a driver may be waiting to come in.</summary>
    public void ReaderLeft()
    {
        TaskCompletionSource? turn;
        lock (_open)
        {
            turn = _parking?.Turn;
        }

        turn?.TrySetResult();
    }

    /// <summary>Has a reader that waits at the gate come round and see that the stream is being parked.</summary>
    public void TurnReaderRound()
    {
        bool wake;
        lock (_open)
        {
            wake = _isWaiting;
            _isWaiting = false;
        }

        Wake(wake);
    }

    /// <summary>The reader's wait for the source; done at once when there is nothing to wait for.</summary>
    /// <param name="stopReason">Why the stream is to stop, if it is: whoever stops it writes that down before it calls <see cref="LetReaderGo"/>.</param>
    public Task WaitForSource(ref byte stopReason)
    {
        TaskCompletionSource? turn;
        Task wait;
        lock (_open)
        {
            Parking parking = _parking!;
            if (!parking.IsAway || parking.IsStopped || parking.Failure is not null || Volatile.Read(ref stopReason) != (byte)StopReason.None)
            {
                return Task.CompletedTask;
            }

            parking.Reader ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            wait = parking.Reader.Task;
            turn = parking.Turn;
        }

        turn?.TrySetResult();
        return wait;
    }

    /// <summary>Ends the reader's wait for the source, as the stream is to stop.</summary>
    public void LetReaderGo()
    {
        if (Parking is not { } parking)
        {
            return;
        }

        TaskCompletionSource? reader;
        lock (_open)
        {
            reader = parking.Reader;
            parking.Reader = null;
        }

        reader?.TrySetResult();
    }

    /// <summary>Lets no driver begin any more; completes when none is at work.</summary>
    public Task StopParkingAsync()
    {
        CancellationTokenSource? opening;
        TaskCompletionSource? turn;
        Task idle;
        lock (_open)
        {
            Parking parking = _parking!;
            parking.IsStopped = true;
            if (!parking.IsDriven)
            {
                return Task.CompletedTask;
            }

            parking.Idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            idle = parking.Idle.Task;
            opening = parking.Opening;
            turn = parking.Turn;
        }

        turn?.TrySetResult();
        opening?.Cancel();
        return idle;
    }

    public ParkStatistics GetParkStatistics()
    {
        lock (_open)
        {
            if (_parking is not { } parking)
            {
                return default;
            }

            bool isParked = parking.Phase is ParkPhase.Parked or ParkPhase.Opening;
            return new ParkStatistics(
                parking.Count, parking.ParkedBefore + (isParked ? _time.GetElapsedTime(parking.ParkedAt) : TimeSpan.Zero), isParked, parking.WaitedBefore);
        }
    }

    private static bool TryDriveLocked(Parking parking)
    {
        if (parking.IsDriven)
        {
            return false;
        }

        parking.IsDriven = true;
        parking.IsAway = true;
        return true;
    }

    /// <summary>Has a source that is being opened again stay parked: the stream is paused again.</summary>
    /// <returns>What ends the wait, to be cancelled outside of the lock.</returns>
    private CancellationTokenSource? LeaveQueueLocked()
    {
        if (_parking is not { Phase: ParkPhase.Opening or ParkPhase.Parked } parking)
        {
            return null;
        }

        parking.IsWanted = true;
        return parking.Opening;
    }

    private void WantOpenLocked()
    {
        if (_parking is { } parking)
        {
            parking.IsWanted = false;
        }
    }
}
