using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Streams;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Resuming;

/// <summary>Says when a client is to be told how far it is, and makes the token for it.</summary>
/// <remarks>Used by the one who sends the rows. A token is only made when what was sent is exactly what the stream has delivered, so none leaves out a row.</remarks>
internal sealed class Checkpoints
{
    private readonly JsonRowStream _stream;
    private readonly Gateway _gateway;
    private long _lastRows;
    private long _lastAt;

    private Checkpoints(JsonRowStream stream, Gateway gateway)
    {
        _stream = stream;
        _gateway = gateway;
        _lastAt = gateway.Wheel.Clock.Now;
    }

    /// <summary>Rows sent so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Null where there are no tokens: the request's query did not ask for them, or can't be continued.</summary>
    public static Checkpoints? For(RowsRequest? request, JsonRowStream stream, Gateway gateway) =>
        request is { GivesTokens: true } && stream.CanPark ? new Checkpoints(stream, gateway) : null;

    /// <summary>Counts rows that were sent; true when it is time for a checkpoint.</summary>
    public bool Sent(int rows)
    {
        Rows += rows;
        return Rows - _lastRows >= _gateway.Options.CheckpointRows
            || _stream.State == StreamState.Paused
            || (_gateway.Options.CheckpointInterval != Timeout.InfiniteTimeSpan
                && MonotonicClock.Between(_lastAt, _gateway.Wheel.Clock.Now) >= _gateway.Options.CheckpointInterval);
    }

    /// <summary>The token of the place after the last row sent; null when there is none that is new and right.</summary>
    public string? Take()
    {
        if (Rows == _lastRows && _stream.State != StreamState.Complete)
        {
            return null;
        }

        string? token = TakeAnyway();
        _lastRows = Rows;
        _lastAt = _gateway.Wheel.Clock.Now;
        return token;
    }

    private string? TakeAnyway()
    {
        // Where sending a batch was cut off, the stream is further than the client.
        if (_stream.GetStatistics().RowsDelivered != Rows)
        {
            return null;
        }

        try
        {
            return _stream.GetResumeToken();
        }
        catch (InvalidOperationException)
        {
            // A stream that failed before it knew a place. The client has the checkpoint before.
            return null;
        }
    }
}
