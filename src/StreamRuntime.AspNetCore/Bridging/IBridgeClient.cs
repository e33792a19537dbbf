namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>The client's side of a session. What comes from the client it gives to the session itself.</summary>
/// <remarks>
/// One sender at a time. A send can't be cancelled, since that would cut off the close frame as well: <see cref="CloseAsync"/> ends the connection in order,
/// <see cref="Abort"/> at once.
/// </remarks>
internal interface IBridgeClient : IAsyncDisposable
{
    /// <summary>Completes once nothing more comes from the client: it has closed, or its connection is gone.</summary>
    Task Ended { get; }

    /// <summary>Sends a part of a message, or a whole text; dropped once the connection is being closed.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, bool isText);

    /// <summary>Says goodbye, unless the client or its connection did. <see cref="Ended"/> says when it is answered, or will not be any more.</summary>
    ValueTask CloseAsync(BridgeEnd end, int code, string reason);

    /// <summary>Has the time without data begin anew, as after a pause.</summary>
    void NoteActivity();

    /// <summary>Makes every call under way fail, and ends the connection. May be called from any thread, any number of times.</summary>
    void Abort();
}
