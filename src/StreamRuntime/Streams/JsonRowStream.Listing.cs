namespace StreamRuntime.Streams;

public sealed partial class JsonRowStream
{
    /// <summary>Tells this stream from all others of the process; from 1 on, and used again after 2³¹ of them. Given when it is listed.</summary>
    internal int Id { get; set; }

    /// <summary>Where it is listed, for whoever takes it off the list.</summary>
    internal int Place { get; set; }

    /// <summary>Its name, or else what its source says of itself.</summary>
    internal string Label => Name ?? _source.Description;

    internal long BytesDelivered => Volatile.Read(ref _bytesDelivered);

    /// <summary>Adds what the stream has done, and where it stands, to the sums over all of them. Allocates nothing.</summary>
    internal void AddTo(ref StreamTotals totals)
    {
        AddRowsTo(ref totals);
        totals.BufferedBytes += Volatile.Read(ref _buffered);
        if (Volatile.Read(ref _gate) is { } gate)
        {
            PauseStatistics pauses = gate.GetStatistics();
            totals.Pauses += pauses.Count;
            totals.PausedTime += pauses.PausedTime;
        }

        switch (State)
        {
            case StreamState.Running:
                totals.Running++;
                break;
            case StreamState.Paused:
                totals.Paused++;
                break;
        }
    }

    /// <summary>The same for a stream that has ended, by whoever ended it and opened its gate: it stands nowhere, and nobody can pause it any more.</summary>
    internal void AddEndTo(ref StreamTotals totals)
    {
        AddRowsTo(ref totals);

        // A gate that is made just now is one that a lost pause made, and has counted nothing.
        if (_gate is { } gate)
        {
            PauseStatistics pauses = gate.FinalStatistics;
            totals.Pauses += pauses.Count;
            totals.PausedTime += pauses.PausedTime;
        }
    }

    private void AddRowsTo(ref StreamTotals totals)
    {
        totals.Rows += Volatile.Read(ref _rowsDelivered);
        totals.Bytes += Volatile.Read(ref _bytesDelivered);
        totals.RowsFiltered += _rows.Filtered;
    }
}
