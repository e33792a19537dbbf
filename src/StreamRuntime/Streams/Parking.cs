namespace StreamRuntime.Streams;

/// <summary>The parking machinery of one stream. It does not exist until the stream's first park, or its start from a token.</summary>
/// <remarks>
/// <para>
/// Data only: every field is guarded by the gate's lock, but for <see cref="IsAway"/>, which the reader looks at without. What is to be done to the source is done by one
/// driver at a time, which goes on until what is wanted and what is are the same; whoever finds no driver at work becomes it.
/// </para>
/// <para>The tasks are completed after the lock is left.</para>
/// </remarks>
internal sealed class Parking
{
    private bool _isAway;

    public ParkPhase Phase { get; set; }

    public bool IsOpen => Phase == ParkPhase.Open;

    /// <summary>True from the wish to park until a resume.</summary>
    public bool IsWanted { get; set; }

    /// <summary>True while there is a driver.</summary>
    public bool IsDriven { get; set; }

    /// <summary>True once the stream is ending, so that no driver may begin.</summary>
    public bool IsStopped { get; set; }

    /// <summary>True while the source is not the reader's to use.</summary>
    public bool IsAway
    {
        get => Volatile.Read(ref _isAway);
        set => Volatile.Write(ref _isAway, value);
    }

    /// <summary>True while <see cref="Place"/> says where the stream stands, since the source can't.</summary>
    public bool HasPlace { get; set; }

    public byte[] Place { get; set; } = [];

    /// <summary>How many rows this stream had delivered there.</summary>
    public long RowsAt { get; set; }

    /// <summary>Rows that other streams delivered before this one went on from their token.</summary>
    public long RowsBefore { get; set; }

    public int Count { get; set; }

    public long ParkedAt { get; set; }

    public TimeSpan ParkedBefore { get; set; }

    /// <summary>What the clock had counted when it was given up.</summary>
    public TimeSpan WaitedBefore { get; set; }

    /// <summary>Why the source could not be opened again, for the reader.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Ends the opening that is under way.</summary>
    public CancellationTokenSource? Opening { get; set; }

    /// <summary>Whoever asked to park waits for this.</summary>
    public TaskCompletionSource? Settled { get; set; }

    /// <summary>The driver waits for this, while the reader has the source.</summary>
    public TaskCompletionSource? Turn { get; set; }

    /// <summary>The reader waits for this, while it has not.</summary>
    public TaskCompletionSource? Reader { get; set; }

    /// <summary>The end of the stream waits for this, while there is a driver.</summary>
    public TaskCompletionSource? Idle { get; set; }
}

/// <summary>What a driver does next.</summary>
internal enum ParkStep : byte
{
    None = 0,
    Park = 1,
    Open = 2,
}

/// <summary>What the machinery knows of all parks so far.</summary>
internal readonly record struct ParkStatistics(int Count, TimeSpan ParkedTime, bool IsParked, TimeSpan WaitedBefore);
