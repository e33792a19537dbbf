namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What a client is joined to: a stream of bytes each way. The author of a backend implements this one interface.</summary>
/// <remarks>
/// The session calls <see cref="ConnectAsync"/> once and first, then <see cref="ReceiveAsync"/> from one caller at a time and beside it
/// <see cref="SendAsync"/> and <see cref="CompleteSendingAsync"/> from one other. <see cref="IAsyncDisposable.DisposeAsync"/> is called once, in any state, after all of
/// them have returned (or have ignored their cancellation for longer than the session waits). Failures are best thrown as <see cref="StreamRuntimeException"/>.
/// </remarks>
public interface IBridgeBackend : IAsyncDisposable
{
    /// <summary>What sort of backend it is, for statistics and metrics; a short word such as <c>tcp</c>.</summary>
    string Kind { get; }

    /// <summary>False when a client may send nothing; one that does is closed by 1008. True by default.</summary>
    bool TakesBytes => true;

    /// <summary>Reaches the backend. When the task completes, bytes can move.</summary>
    /// <param name="cancellationToken">Cancelled when the session ends or its connect timeout is over.</param>
    /// <exception cref="StreamRuntimeException">It can't be reached, or refuses us.</exception>
    ValueTask ConnectAsync(CancellationToken cancellationToken);

    /// <summary>Receives once. Nothing is received while the session is paused, so a backend must not read ahead by itself.</summary>
    /// <param name="buffer">Where to; never empty.</param>
    /// <param name="cancellationToken">Cancelled when the session ends; the receive must then end promptly.</param>
    /// <exception cref="StreamRuntimeException">The backend failed.</exception>
    ValueTask<BridgeReceived> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Says how it ended. Called once, after a receive has said that it has.</summary>
    /// <param name="cancellationToken">Cancelled when the session ends.</param>
    ValueTask<BridgeBackendEnd> GetEndAsync(CancellationToken cancellationToken) => default;

    /// <summary>Sends bytes, all of them.</summary>
    /// <param name="bytes">What the client sent; valid until the task completes.</param>
    /// <param name="cancellationToken">Cancelled when the session ends.</param>
    /// <exception cref="StreamRuntimeException">The backend takes nothing any more. How it ended is then for <see cref="ReceiveAsync"/> to say.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Tells the backend that no more bytes come. It may go on sending.</summary>
    /// <param name="cancellationToken">Cancelled when the session ends.</param>
    ValueTask CompleteSendingAsync(CancellationToken cancellationToken);

    /// <summary>Told when the session is paused, in any state, so that a backend can hold back what works by itself. Must be quick, and must not throw.</summary>
    void Pause()
    {
    }

    /// <summary>Told when the session goes on after a pause. Must be quick, and must not throw.</summary>
    void Resume()
    {
    }
}
