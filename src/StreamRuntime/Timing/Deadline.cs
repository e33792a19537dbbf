namespace StreamRuntime.Timing;

/// <summary>A callback that a <see cref="TimingWheel"/> runs once its time has come. Made once and scheduled as often as needed.</summary>
/// <remarks>
/// <para>
/// Safe for any thread. It takes 80 bytes (on 64 bits), and nothing is allocated after that. The callback is run by the thread pool, outside any
/// lock and without anybody's execution context, so a slow one delays no other. It must not throw: as with a timer, nobody could catch it.
/// </para>
/// <para>
/// Who wins a race: until the callback has begun, <see cref="Cancel"/>, <see cref="Schedule"/> and the disposal of the wheel win over it, and it
/// does not run. <see cref="MoveLater"/> wins if its write is seen before the callback begins, and has no effect otherwise. A deadline that is
/// scheduled again while its callback runs may run it a second time beside the first.
/// </para>
/// </remarks>
public sealed class Deadline : IThreadPoolWorkItem
{
    /*
     * _due is written by anybody, at any time. Everything else is guarded by the wheel's lock; FiledDue is read without it.
     *
     * The wheel looks at _due no later than FiledDue, the time the entry was filed under. So whoever puts _due later leaves the entry where it
     * is, and the wheel files it anew when its slot comes up. That is exact because both sides fence between their write and their read:
     * Schedule writes _due and then reads FiledDue, the wheel writes FiledDue (to Never) and then reads _due. One of them sees the other.
     * MoveLater leaves the fence out, and with it the certainty.
     */
    private readonly TimingWheel _wheel;
    private readonly TimerCallback _callback;
    private readonly object? _state;
    private long _due = MonotonicClock.Never;
    private long _filedDue = MonotonicClock.Never;

    /// <summary>Makes a deadline that is not scheduled yet.</summary>
    /// <param name="wheel">Who watches it.</param>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to run it with.</param>
    public Deadline(TimingWheel wheel, TimerCallback callback, object? state = null)
    {
        ArgumentNullException.ThrowIfNull(wheel);
        ArgumentNullException.ThrowIfNull(callback);
        _wheel = wheel;
        _callback = callback;
        _state = state;
    }

    internal Deadline? Next { get; set; }

    internal Deadline? Previous { get; set; }

    internal ushort Slot { get; set; }

    internal DeadlinePhase Phase { get; set; }

    internal long Due => Volatile.Read(ref _due);

    /// <summary>When to run the callback, whatever was scheduled before.</summary>
    /// <param name="due">
    /// Nanoseconds on the wheel's clock. A time that has passed runs the callback by the next tick; <see cref="MonotonicClock.Never"/> never does.
    /// </param>
    /// <returns>False once the wheel is disposed: the callback won't run.</returns>
    public bool Schedule(long due)
    {
        Interlocked.Exchange(ref _due, due);
        return Volatile.Read(ref _filedDue) <= due || _wheel.Schedule(this, due);
    }

    /// <summary>
    /// Puts a scheduled deadline off, for the price of a plain write; <see cref="MonotonicClock.Never"/> puts it off for ever. No effect where
    /// nothing is scheduled, or for a time before the scheduled one.
    /// </summary>
    /// <param name="due">Nanoseconds on the wheel's clock.</param>
    public void MoveLater(long due)
    {
        if (due > Volatile.Read(ref _due))
        {
            Volatile.Write(ref _due, due);
        }
    }

    /// <summary>Runs the callback at once, in place of what was scheduled.</summary>
    /// <returns>False once the wheel is disposed: the callback won't run.</returns>
    public bool Expire() => Schedule(0);

    /// <summary>Stops what is scheduled, and lets the wheel forget this deadline.</summary>
    /// <returns>True if a callback was to come and now won't; false if none was, or if it has begun.</returns>
    public bool Cancel() => _wheel.Cancel(this);

    /// <summary>Begins the callback, unless something has won over it since it was queued.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (_wheel.TryBegin(this))
        {
            _callback(_state);
        }
    }

    /// <summary>Lets nobody trust in the wheel's next look any more, and then looks at when it is due.</summary>
    internal long Unfile()
    {
        Interlocked.Exchange(ref _filedDue, MonotonicClock.Never);
        return Volatile.Read(ref _due);
    }

    internal void File(long due) => Volatile.Write(ref _filedDue, due);

    internal long ReplaceDue(long due) => Interlocked.Exchange(ref _due, due);
}

/// <summary>Where a deadline stands with its wheel.</summary>
internal enum DeadlinePhase : byte
{
    /// <summary>Neither filed nor queued.</summary>
    None = 0,

    /// <summary>In one of the wheel's slots.</summary>
    Filed = 1,

    /// <summary>Its time has come; the thread pool will begin it.</summary>
    Queued = 2,
}
