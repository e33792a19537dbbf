namespace StreamRuntime.Connections;

/// <summary>The link's transitions: a state and an action give a state and what to do. No socket, no clock, no random source.</summary>
internal static class LinkReducer
{
    private const int Disconnected = 1 << (int)LinkStatus.Disconnected;
    private const int Connecting = 1 << (int)LinkStatus.Connecting;
    private const int Connected = 1 << (int)LinkStatus.Connected;
    private const int ConnectionFailed = 1 << (int)LinkStatus.ConnectionFailed;
    private const int NoLink = ConnectionFailed << 1;

    // Row = action, bits = where it is enabled.
    private static ReadOnlySpan<byte> EnabledIn =>
    [
        /* Connect          */ NoLink | Disconnected | ConnectionFailed,
        /* Connected        */ Connecting,
        /* ConnectionFailed */ Connecting,
        /* Retry            */ ConnectionFailed, // while attempts are left
        /* Disconnect       */ Connected,
        /* Reset            */ Disconnected | Connecting | Connected | ConnectionFailed,
    ];

    /// <summary>Whether an action can happen; null is no link yet.</summary>
    public static bool IsEnabled<TEndpoint>(LinkState<TEndpoint>? state, LinkActionKind action)
        where TEndpoint : notnull
    {
        int bit = state is null ? NoLink : 1 << (int)state.Status;
        return (EnabledIn[(int)action] & bit) != 0 && !(action == LinkActionKind.Retry && state!.IsPermanentFailure);
    }

    /// <summary>What an action leads to. A disabled one changes nothing and has no effect.</summary>
    /// <param name="state">The state before; null is no link yet.</param>
    /// <param name="action">What happens.</param>
    /// <param name="now">When, in nanoseconds.</param>
    public static LinkStep<TEndpoint> Reduce<TEndpoint>(LinkState<TEndpoint>? state, in LinkAction<TEndpoint> action, long now)
        where TEndpoint : notnull
    {
        if (!IsEnabled(state, action.Kind))
        {
            return new LinkStep<TEndpoint>(state, LinkEffect.None, IsEnabled: false);
        }

        return action.Kind switch
        {
            LinkActionKind.Connect => Start(now, action.Endpoint!, 1, action.MaxAttempts),
            LinkActionKind.Connected => To(LinkState<TEndpoint>.Connected(now, state!.Endpoint!), LinkEffect.None),
            LinkActionKind.ConnectionFailed => Fail(state!, action, now),
            LinkActionKind.Retry => Start(now, state!.Endpoint!, state.Attempt + 1, state.MaxAttempts),
            LinkActionKind.Disconnect => To(LinkState<TEndpoint>.Disconnected(now), LinkEffect.Close),
            _ => To(LinkState<TEndpoint>.Disconnected(now), LinkEffect.Abandon),
        };
    }

    private static LinkStep<TEndpoint> Start<TEndpoint>(long now, TEndpoint endpoint, int attempt, int maxAttempts)
        where TEndpoint : notnull =>
        To(LinkState<TEndpoint>.Connecting(now, endpoint, attempt, maxAttempts), LinkEffect.StartConnecting);

    private static LinkStep<TEndpoint> Fail<TEndpoint>(LinkState<TEndpoint> state, in LinkAction<TEndpoint> action, long now)
        where TEndpoint : notnull
    {
        int maxAttempts = action.IsFinal ? state.Attempt : state.MaxAttempts;
        var failed = LinkState<TEndpoint>.ConnectionFailed(now, state.Endpoint!, action.Error!, state.Attempt, maxAttempts);
        return To(failed, failed.IsPermanentFailure ? LinkEffect.None : LinkEffect.DispatchRetry);
    }

    private static LinkStep<TEndpoint> To<TEndpoint>(LinkState<TEndpoint> state, LinkEffect effect)
        where TEndpoint : notnull => new(state, effect, IsEnabled: true);
}
