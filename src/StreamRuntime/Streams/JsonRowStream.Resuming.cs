using StreamRuntime.Resuming;

namespace StreamRuntime.Streams;

public sealed partial class JsonRowStream
{
    /// <summary>
    /// The place after the last row delivered, as text that another stream, in any process, goes on from (<see cref="JsonRowStreamOptions.ResumeFrom"/>): opaque, encrypted,
    /// fit for URLs, and good for <see cref="ResumeTokenOptions.TokenLifetime"/>. For whoever reads, between two reads; and for anybody while the stream is parked, or after
    /// its end. After a complete result, what is left is nothing; after a failure, it is the rows that were not delivered.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// <see cref="JsonRowStreamOptions.ResumeTokens"/> is not set, or a read is under way, or rows were taken back from a copy after the stream was parked, and are not yet read.
    /// </exception>
    /// <exception cref="NotSupportedException">The source can't park; the message says why.</exception>
    public string GetResumeToken()
    {
        ResumeTokenOptions tokens = _options.ResumeTokens
            ?? throw new InvalidOperationException($"{nameof(JsonRowStreamOptions)}.{nameof(JsonRowStreamOptions.ResumeTokens)} is not set, so there is nothing to make tokens with.");
        IParkableRowSource source = FindParkable(_source, "be continued from a token");
        return ResumeToken.Write(tokens, _options.TimeProvider, source.Fingerprint, FindPoint(source));
    }

    /// <summary>Makes a stream that goes on where a token says.</summary>
    private static JsonRowStream CreateFromToken(IRowSource source, JsonRowStreamOptions options)
    {
        IParkableRowSource parkable = FindParkable(source, "be continued from a token");
        ResumePoint point = ResumeToken.Read(options.ResumeTokens!, options.TimeProvider, parkable.Fingerprint, options.ResumeFrom!);
        if (!point.IsComplete && point.Place.Length > 0)
        {
            parkable.StartAt(point.Place);
        }

        var stream = new JsonRowStream(source, options);
        stream.EnsureGate().EnsureParking().RowsBefore = point.Rows;
        if (point.IsComplete)
        {
            stream._sourceEnded = true;
            stream.End(StreamState.Complete);
        }

        return stream;
    }

    private ResumePoint FindPoint(IParkableRowSource source)
    {
        // Rows first: they grow only by reads, which are the caller's own.
        long rows = Volatile.Read(ref _rowsDelivered) + (Volatile.Read(ref _gate)?.Parking?.RowsBefore ?? 0);
        if (State == StreamState.Complete)
        {
            return new ResumePoint([], rows, IsComplete: true);
        }

        if (TryGetPlace() is { } known)
        {
            return new ResumePoint(known, rows, IsComplete: false);
        }

        if (!_lease.TryEnter())
        {
            ThrowCannotEnter();
        }

        try
        {
            if (TryGetPlace() is not { } place)
            {
                place = _rows.IsDetached && _cursor < _ready ? throw TakenBack() : source.GetPlace(_cursor < _ready ? _ready - _cursor : 0);
            }

            return new ResumePoint(place, rows, IsComplete: false);
        }
        finally
        {
            LeaveLease();
        }
    }

    private byte[]? TryGetPlace() =>
        Volatile.Read(ref _gate)?.TryGetPlace(out long rowsAt) is not { } place ? null
        : rowsAt == Volatile.Read(ref _rowsDelivered) ? place
        : throw TakenBack();

    private static InvalidOperationException TakenBack() =>
        new("Rows were taken back from a copy after the stream was parked. Read them first; after that there is a token again.");

    /// <summary>Where tokens are made, keeps the place of a stream that ends early for the time after its source is gone.</summary>
    /// <param name="isReader">True for a reader, who is about to fail with rows that nobody has seen; false when no reader can come any more.</param>
    private void RememberPlace(bool isReader)
    {
        if (_options.ResumeTokens is null || !CanPark || _sourceDisposed || IsAway)
        {
            return;
        }

        PauseGate gate = EnsureGate();
        gate.EnsureParking();
        try
        {
            gate.KeepPlace(((IParkableRowSource)_source).GetPlace(isReader ? _rows.Count : HoldRowsBack()), _rowsDelivered);
        }
#pragma warning disable CA1031 // The stream ends for a reason of its own, which this must not hide; then there is just no token.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            StreamLog.SourceNotClosed(_options.Logger, failure);
        }
    }
}
