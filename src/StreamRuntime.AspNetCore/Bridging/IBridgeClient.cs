namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>The client's side of a session.</summary>
/// <remarks>
/// One receiver and one sender at a time, beside each other. Neither can be cancelled, since that would cut off the close frame as well: <see cref="CloseAsync"/> ends
/// the receives in order, <see cref="Abort"/> at once.
/// </remarks>
internal interface IBridgeClient : IAsyncDisposable
{
    ValueTask<ClientReceived> ReceiveAsync(Memory<byte> buffer);

    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, bool isText);

    /// <summary>Says goodbye. The client's answer comes as <see cref="ClientEvent.Closed"/> to the receiver.</summary>
    ValueTask CloseAsync(int code, string reason, CancellationToken cancellationToken);

    /// <summary>True when a receive failed because the client broke the protocol, and not because its connection broke.</summary>
    bool BrokeProtocol(Exception failure);

    /// <summary>Makes every call under way fail. May be called from any thread, any number of times.</summary>
    void Abort();
}
