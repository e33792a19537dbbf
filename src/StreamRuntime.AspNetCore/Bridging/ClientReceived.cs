namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What came from a client.</summary>
internal enum ClientEvent : byte
{
    /// <summary>Bytes for the backend.</summary>
    Bytes = 0,

    /// <summary>The client asks for a pause.</summary>
    Pause = 1,

    /// <summary>The client asks to go on.</summary>
    Resume = 2,

    /// <summary>The client sends no more bytes, and still takes some.</summary>
    EndOfBytes = 3,

    /// <summary>The client asks for the session to be closed.</summary>
    Close = 4,

    /// <summary>The client asks for statistics.</summary>
    Statistics = 5,

    /// <summary>A control message that says nothing we know.</summary>
    Unknown = 6,

    /// <summary>A message larger than allowed.</summary>
    TooBig = 7,

    /// <summary>More control messages than allowed.</summary>
    TooMany = 8,

    /// <summary>The client has closed its side.</summary>
    Closed = 9,
}

/// <summary>One receive from a client.</summary>
/// <param name="Event">What it was.</param>
/// <param name="Bytes">How many bytes lie at the start of the buffer, where it was bytes.</param>
internal readonly record struct ClientReceived(ClientEvent Event, int Bytes = 0);
