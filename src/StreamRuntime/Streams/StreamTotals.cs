namespace StreamRuntime.Streams;

/// <summary>Sums over streams: what they have done, which only grows, and where they stand.</summary>
/// <remarks>A mutable struct: a local, or a field that one lock guards.</remarks>
internal struct StreamTotals
{
    public long Rows;
    public long Bytes;
    public long RowsFiltered;
    public long Pauses;
    public TimeSpan PausedTime;

    public int Running;
    public int Paused;
    public long BufferedBytes;

    /// <summary>Adds what others have done. Where they stand is left out.</summary>
    public void AddDone(in StreamTotals others)
    {
        Rows += others.Rows;
        Bytes += others.Bytes;
        RowsFiltered += others.RowsFiltered;
        Pauses += others.Pauses;
        PausedTime += others.PausedTime;
    }

    public void Add(in StreamTotals others)
    {
        AddDone(others);
        Running += others.Running;
        Paused += others.Paused;
        BufferedBytes += others.BufferedBytes;
    }
}
