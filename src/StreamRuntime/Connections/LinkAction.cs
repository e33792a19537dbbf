namespace StreamRuntime.Connections;

/// <summary>What can happen to a link.</summary>
internal enum LinkActionKind : byte
{
    Connect = 0,
    Connected = 1,
    ConnectionFailed = 2,
    Retry = 3,
    Disconnect = 4,
    Reset = 5,
}

/// <summary>Something that happens to a link, with what it needs.</summary>
/// <param name="Kind">What.</param>
/// <param name="Endpoint">Connect: where to.</param>
/// <param name="MaxAttempts">Connect: how often to try.</param>
/// <param name="Error">ConnectionFailed: why.</param>
/// <param name="IsFinal">ConnectionFailed: another attempt would fail as well.</param>
internal readonly record struct LinkAction<TEndpoint>(
    LinkActionKind Kind, TEndpoint? Endpoint = default, int MaxAttempts = 0, Exception? Error = null, bool IsFinal = false)
    where TEndpoint : notnull
{
    public static LinkAction<TEndpoint> Connected => new(LinkActionKind.Connected);

    public static LinkAction<TEndpoint> Retry => new(LinkActionKind.Retry);

    public static LinkAction<TEndpoint> Disconnect => new(LinkActionKind.Disconnect);

    public static LinkAction<TEndpoint> Reset => new(LinkActionKind.Reset);

    public static LinkAction<TEndpoint> Connect(TEndpoint endpoint, int maxAttempts) => new(LinkActionKind.Connect, endpoint, maxAttempts);

    public static LinkAction<TEndpoint> ConnectionFailed(Exception error, bool isFinal = false) =>
        new(LinkActionKind.ConnectionFailed, Error: error, IsFinal: isFinal);
}

/// <summary>What the driver has to do after a transition.</summary>
internal enum LinkEffect : byte
{
    None = 0,

    /// <summary>Start an attempt.</summary>
    StartConnecting = 1,

    /// <summary>Dispatch Retry after a back-off.</summary>
    DispatchRetry = 2,

    /// <summary>Close the connection.</summary>
    Close = 3,

    /// <summary>Abandon whatever is under way, and close the connection if there is one.</summary>
    Abandon = 4,
}

/// <summary>What an action leads to.</summary>
/// <param name="State">The state after; as before if the action is disabled.</param>
/// <param name="Effect">What to do; nothing if the action is disabled.</param>
/// <param name="IsEnabled">Whether the action could happen.</param>
internal readonly record struct LinkStep<TEndpoint>(LinkState<TEndpoint>? State, LinkEffect Effect, bool IsEnabled)
    where TEndpoint : notnull;
