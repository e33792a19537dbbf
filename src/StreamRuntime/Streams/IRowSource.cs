namespace StreamRuntime.Streams;

/// <summary>Where a stream's rows come from. A driver author implements this one interface.</summary>
/// <remarks>
/// The stream calls <see cref="ReceiveAsync"/> from one reader at a time and <see cref="IAsyncDisposable.DisposeAsync"/> once,
/// never while a receive is under way; disposing a source again does nothing. Pause, limits, statistics, formats, deadlines and filtering are the stream's work; a source only
/// receives and says where each row is.
/// </remarks>
public interface IRowSource : IAsyncDisposable
{
    /// <summary>What the rows are, for people: shown where a stream without a name is listed, and asked for only then. Must not hold secrets. The type's name by default.</summary>
    string Description => GetType().Name;

    /// <summary>
    /// Receives once and adds every row that is now complete to <paramref name="rows"/>; none is a legal answer when a row is
    /// still partial. While a stream is paused this is not called, so a source must not read ahead by itself.
    /// </summary>
    /// <param name="rows">
    /// Takes the rows, already emptied for this call. Bytes given to <see cref="RowWriter.Attach"/> must stay as they are until
    /// the next call or until the source is disposed.
    /// </param>
    /// <param name="cancellationToken">Cancelled when the stream is to stop; the receive must then end promptly.</param>
    /// <returns>True when more may follow; false when the result is complete, with the last rows, if any, in <paramref name="rows"/>.</returns>
    /// <exception cref="StreamRuntimeException">The source failed. Rows added before the throw are delivered before the error.</exception>
    ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken);

    /// <summary>
    /// Gives back memory for the length of a pause. Called when the stream's reader starts to wait for its end, never during a receive; rows added
    /// before are no longer looked at. The default is for a source that holds nothing between receives.
    /// </summary>
    /// <returns>How many bytes the source still holds, such as the beginning of a row.</returns>
    int ReleaseIdleMemory() => 0;

    /// <summary>
    /// Why a stream over this source can't be parked, for whoever asks it to; null when it can, which only an <see cref="IParkableRowSource"/> can. Never changes. By default
    /// it names the source.
    /// </summary>
    string? ParkingRefusal => $"its source ({GetType().Name}) can't be opened again right after the last row delivered";

    /// <summary>
    /// Says how the stream ended, once, right before it disposes the source. Must be quick; it has no say in the end. The default is for a source that reports to
    /// nobody.
    /// </summary>
    /// <param name="end"><see cref="StreamState.Complete"/> or <see cref="StreamState.Error"/>.</param>
    /// <param name="error">What the stream's reader is told; null when the result is complete, or the stream was disposed before its end.</param>
    void Ending(StreamState end, Exception? error)
    {
    }
}
