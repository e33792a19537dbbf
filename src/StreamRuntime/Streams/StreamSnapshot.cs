using StreamRuntime.Diagnostics;

namespace StreamRuntime.Streams;

/// <summary>Tells the event source about every stream there is, or about the busiest where there are more than it takes.</summary>
/// <remarks>Used by one snapshot at a time.</remarks>
internal sealed class StreamSnapshot
{
    private readonly List<JsonRowStream> _streams = [];
    private Dictionary<int, long> _bytesBefore = [];

    /// <summary>Writes the sums, and then the streams.</summary>
    /// <returns>How many streams were written.</returns>
    public int Write(RuntimeEventSource log, long snapshot, int most)
    {
        StreamTotals totals = LiveStreams.GetTotals();
        log.StreamTotals(
            snapshot, totals.Running, totals.Paused, totals.Rows, totals.Bytes, totals.RowsFiltered, totals.Pauses, totals.PausedTime.TotalMilliseconds, totals.BufferedBytes);
        try
        {
            LiveStreams.CopyTo(_streams);
            Choose(most);
            foreach (JsonRowStream stream in _streams)
            {
                Write(log, snapshot, stream);
            }

            return _streams.Count;
        }
        finally
        {
            // Nobody is to be kept alive until the next one.
            _streams.Clear();
        }
    }

    private static void Write(RuntimeEventSource log, long snapshot, JsonRowStream stream)
    {
        StreamStatistics now = stream.GetStatistics();
        log.Stream(
            snapshot,
            stream.Id,
            stream.Label,
            now.State switch
            {
                StreamState.Running => nameof(StreamState.Running),
                StreamState.Paused => nameof(StreamState.Paused),
                StreamState.Complete => nameof(StreamState.Complete),
                _ => nameof(StreamState.Error),
            },
            now.RowsDelivered,
            now.BytesDelivered,
            now.RowsFiltered,
            now.BufferedBytes,
            now.Pauses,
            now.PausedTime.TotalMilliseconds,
            now.CurrentPause.TotalMilliseconds,
            now.State == StreamState.Paused ? now.PauseReason ?? "" : "",
            now.WaitingTime.TotalMilliseconds,
            now.Elapsed.TotalMilliseconds);
    }

    /// <summary>Leaves those that moved the most bytes since the snapshot before, in the order of their numbers.</summary>
    private void Choose(int most)
    {
        if (_streams.Count > most)
        {
            var bytes = new Dictionary<int, long>(_streams.Count);
            long[] moved = new long[_streams.Count];
            for (int i = 0; i < moved.Length; i++)
            {
                int id = _streams[i].Id;
                bytes[id] = _streams[i].BytesDelivered;

                // The other way round, as sorting puts the least first.
                moved[i] = _bytesBefore.GetValueOrDefault(id) - bytes[id];
            }

            JsonRowStream[] sorted = [.. _streams];
            Array.Sort(moved, sorted);
            _streams.Clear();
            _streams.AddRange(sorted.AsSpan(0, most));
            _bytesBefore = bytes;
        }

        _streams.Sort(static (one, other) => one.Id.CompareTo(other.Id));
    }
}
