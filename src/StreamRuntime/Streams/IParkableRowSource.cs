using StreamRuntime.Resuming;

namespace StreamRuntime.Streams;

/// <summary>A source that can give everything back but its place, and go on from that place later: in this stream, or from a resume token in another process.</summary>
/// <remarks>
/// A place is a few bytes that mean something to the source alone, such as the key of the last row delivered; an empty one is the beginning. The stream calls one member
/// at a time and none during a receive, but for <see cref="IRowSource.ParkingRefusal"/>, <see cref="Fingerprint"/> and <see cref="QueuePosition"/>, which any thread may ask for at
/// any time.
/// </remarks>
public interface IParkableRowSource : IRowSource
{
    /// <summary>Null, unless this one can't park for a reason of its own.</summary>
    string? IRowSource.ParkingRefusal => null;

    /// <summary>What a resume token must have been made from to fit this source. Asked for only where tokens are used, and only of a source that can park.</summary>
    ResumeFingerprint Fingerprint { get; }

    /// <summary>
    /// How many others, at most, get what this source waits for before it does, while <see cref="UnparkAsync"/> is under way; 0 is the next. Null when it does not wait, or
    /// where there is no such line, which is the default.
    /// </summary>
    int? QueuePosition => null;

    /// <summary>Has the source begin right after a place. Called before the first receive, at most once; must not wait for anything.</summary>
    /// <param name="place">What <see cref="GetPlace"/> gave, here or in another process.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.ResumeRefused"/>: the place does not fit this source.</exception>
    void StartAt(ReadOnlyMemory<byte> place);

    /// <summary>The place right after the last row delivered. Also asked for after a receive has failed, before the source is disposed. Must be quick.</summary>
    /// <param name="undelivered">How many of the rows that the latest receive added, and the stream's predicate kept, come again: the last so many of them. Mostly 0.</param>
    byte[] GetPlace(int undelivered);

    /// <summary>Gives back connections, files, buffers and timers, as disposing does, but for a way to open them again. Must not take long, and must not fail.</summary>
    /// <param name="place">Where <see cref="UnparkAsync"/> is to go on: what <see cref="GetPlace"/> has just given.</param>
    /// <param name="rowsAreUsed">True when attached bytes may still be looked at, so that they must be left to whoever does; false when nobody does.</param>
    ValueTask ParkAsync(ReadOnlyMemory<byte> place, bool rowsAreUsed);

    /// <summary>
    /// Opens again what <see cref="ParkAsync"/> gave back. Where this means waiting in a line, the place in it is taken before the first await, so that sources are served in
    /// the order in which they asked.
    /// </summary>
    /// <param name="cancellationToken">Cancelled when the stream is paused or parked again, or ends: the source then leaves the line and stays parked.</param>
    /// <exception cref="StreamRuntimeException">The source can't be opened again. The stream's next read throws this.</exception>
    ValueTask UnparkAsync(CancellationToken cancellationToken);
}
