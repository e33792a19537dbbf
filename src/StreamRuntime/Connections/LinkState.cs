namespace StreamRuntime.Connections;

/// <summary>Where a link to a server stands. Values are never renumbered.</summary>
public enum LinkStatus : byte
{
    /// <summary>No connection, and none is being made.</summary>
    Disconnected = 0,

    /// <summary>A connection is being made.</summary>
    Connecting = 1,

    /// <summary>There is a connection.</summary>
    Connected = 2,

    /// <summary>An attempt failed. The next one is made after a while, unless this was the last.</summary>
    ConnectionFailed = 3,
}

/// <summary>The state of a link, with what belongs to it.</summary>
/// <remarks>Immutable and safe to share; two states are equal if all they hold is.</remarks>
/// <typeparam name="TEndpoint">What names the server.</typeparam>
public sealed record LinkState<TEndpoint>
    where TEndpoint : notnull
{
    private LinkState(LinkStatus status, long since, TEndpoint? endpoint = default, Exception? error = null, int attempt = 0, int maxAttempts = 0)
    {
        Status = status;
        Since = since;
        Endpoint = endpoint;
        Error = error;
        Attempt = attempt;
        MaxAttempts = maxAttempts;
    }

    /// <summary>Where the link stands.</summary>
    public LinkStatus Status { get; }

    /// <summary>When it came there, in nanoseconds on the wheel's clock.</summary>
    public long Since { get; }

    /// <summary>The server; the default value while disconnected.</summary>
    public TEndpoint? Endpoint { get; }

    /// <summary>Why the attempt failed; null unless it did.</summary>
    public Exception? Error { get; }

    /// <summary>The attempt under way or failed, from 1; otherwise 0.</summary>
    public int Attempt { get; }

    /// <summary>How many attempts there may be; otherwise 0. Lowered to the attempt that failed, where its error leaves no hope for another.</summary>
    public int MaxAttempts { get; }

    /// <summary>True when no further attempt is made by itself: a failure stays until somebody connects or resets the link.</summary>
    public bool IsPermanentFailure => Status == LinkStatus.ConnectionFailed && Attempt >= MaxAttempts;

    internal static LinkState<TEndpoint> Disconnected(long since) => new(LinkStatus.Disconnected, since);

    internal static LinkState<TEndpoint> Connecting(long since, TEndpoint endpoint, int attempt, int maxAttempts) =>
        new(LinkStatus.Connecting, since, endpoint, null, attempt, maxAttempts);

    internal static LinkState<TEndpoint> Connected(long since, TEndpoint endpoint) => new(LinkStatus.Connected, since, endpoint);

    internal static LinkState<TEndpoint> ConnectionFailed(long since, TEndpoint endpoint, Exception error, int attempt, int maxAttempts) =>
        new(LinkStatus.ConnectionFailed, since, endpoint, error, attempt, maxAttempts);
}
