namespace StreamRuntime;

/// <summary>What went wrong, as a closed list a caller can switch on. Values are never renumbered.</summary>
public enum ErrorKind : byte
{
    /// <summary>The server reported an error; the exception carries its fields.</summary>
    Server = 0,

    /// <summary>One of our own deadlines passed. A caller's token gives <see cref="OperationCanceledException"/> instead.</summary>
    Timeout = 1,

    /// <summary>No connection could be made.</summary>
    ConnectFailed = 2,

    /// <summary>An open connection broke before the result was complete.</summary>
    ConnectionLost = 3,

    /// <summary>The peer broke its protocol: a length that lies, a message out of place, a result cut short.</summary>
    Protocol = 4,

    /// <summary>Authentication was refused, by the server or by our own rules.</summary>
    Authentication = 5,

    /// <summary>TLS could not be set up as the options demand.</summary>
    Tls = 6,

    /// <summary>A row is larger than <c>MaxRowBytes</c>.</summary>
    RowTooLarge = 7,

    /// <summary>A row is not text that JSON may be: not valid UTF-8, or it holds a NUL.</summary>
    InvalidRow = 8,

    /// <summary>An outgoing value or message is larger than the protocol allows.</summary>
    MessageTooLarge = 9,

    /// <summary>A connection string, option or parameter cannot be used as given.</summary>
    Configuration = 10,

    /// <summary>The source (a file, a reader) failed while rows were being received.</summary>
    Source = 11,

    /// <summary>The stream has already ended, so it can be neither paused nor resumed.</summary>
    StreamEnded = 12,

    /// <summary>A column's type cannot be turned into JSON by this source.</summary>
    UnsupportedType = 13,

    /// <summary>
    /// A resume token, or the place in it, can't be used here: it was changed, is of another query or other parameters, or its source has changed. The message
    /// says which.
    /// </summary>
    ResumeRefused = 14,

    /// <summary>A row's key is null or not unique, so that the stream could not go on after it without losing or doubling rows.</summary>
    KeyViolation = 15,

    /// <summary>A resume token was good once and has expired. The message says when.</summary>
    ResumeExpired = 16,
}
