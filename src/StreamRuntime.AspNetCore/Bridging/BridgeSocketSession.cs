using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>A bridge's client on a WebSocket: binary messages are bytes, text messages are control.</summary>
/// <remarks>
/// Two machines meet here. The connection's own finds what is wrong with the client (its frames, its silence, its going) and has said so to it before the bridge learns of it, by
/// the token that the connection is stopping. Whatever else ends the bridge ends it first, and the bridge then closes the connection as its last step. Either way each of
/// the two decides its end once, and the other takes it over.
/// </remarks>
internal sealed class BridgeSocketSession : WebSocketSession, IBridgeClient
{
    private readonly BridgeSessionManager _sessions;
    private readonly Func<HttpContext, CancellationToken, ValueTask<IBridgeBackend>> _open;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<BridgeSession?>? _made;
    private BridgeSession? _bridge;
    private CancellationTokenRegistration _stopping;
    private CancellationTokenRegistration _disconnected;
    private bool _isInMessage;

    /// <param name="gateway">Whose session it is.</param>
    /// <param name="sessions">Where its place was taken.</param>
    /// <param name="endpoint">The endpoint's name.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="context">The request.</param>
    /// <param name="backend">What it is joined to; null when that is made once the client's first message has said who it is.</param>
    /// <param name="open">Makes the backend then.</param>
    public BridgeSocketSession(
        Gateway gateway,
        BridgeSessionManager sessions,
        string endpoint,
        IPAddress client,
        HttpContext context,
        IBridgeBackend? backend,
        Func<HttpContext, CancellationToken, ValueTask<IBridgeBackend>> open)
        : base(gateway, endpoint, client, context, needsToken: backend is null, sessions.SocketOptions, sessions.Options.MaxMessageBytes, isStream: false)
    {
        _sessions = sessions;
        _open = open;
        if (backend is null)
        {
            _made = new TaskCompletionSource<BridgeSession?>(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        else
        {
            _bridge = sessions.Create(Id, this, backend, endpoint);
        }
    }

    public override string Transport => "bridge";

    /// <summary>At once: a bridge has no end of its own that could be waited for.</summary>
    public override GatewayPhase ClosesFrom => GatewayPhase.Draining;

    public override bool IsPaused => Bridge is { IsPaused: true };

    public Task Ended => _ended.Task;

    private BridgeSession? Bridge => Volatile.Read(ref _bridge);

    public override SessionSnapshot GetSnapshot()
    {
        SessionSnapshot snapshot = base.GetSnapshot();
        if (Bridge is not { } bridge)
        {
            return snapshot;
        }

        BridgeStatistics statistics = bridge.GetStatistics();
        return snapshot with
        {
            Bytes = statistics.BytesToClient,
            Pauses = statistics.Pauses,
            PausedMs = statistics.PausedTime.TotalMilliseconds,
            ElapsedMs = statistics.TimeInState.Sum(static time => time.TotalMilliseconds),
            Bridge = new BridgeSnapshot(
                statistics.Backend,
                statistics.State.ToString(),
                statistics.MessagesToClient,
                statistics.BytesToBackend,
                statistics.MessagesToBackend,
                statistics.QueuedMessages,
                statistics.QueuedBytes,
                statistics.SinceLastActivity.TotalMilliseconds),
        };
    }

    public override Task<PauseAnswer> PauseAsync(string? reason)
    {
        if (Bridge is not { } bridge)
        {
            return Task.FromResult(PauseAnswer.Ended);
        }

        if (bridge.Pause())
        {
            bridge.TryTell(ControlMessages.Paused);
            return Task.FromResult(PauseAnswer.Done);
        }

        return Task.FromResult(bridge.IsPaused ? PauseAnswer.AsItWas : PauseAnswer.Ended);
    }

    public override Task<PauseAnswer> ResumeAsync()
    {
        if (Bridge is not { } bridge || bridge.State >= BridgeState.Closing)
        {
            return Task.FromResult(PauseAnswer.Ended);
        }

        if (!bridge.Resume())
        {
            return Task.FromResult(PauseAnswer.AsItWas);
        }

        bridge.TryTell(ControlMessages.Resumed);
        return Task.FromResult(PauseAnswer.Done);
    }

    public override void BeginClose(SessionEnd end)
    {
        if (Bridge is { } bridge)
        {
            bridge.TryEnd(end == SessionEnd.Shutdown ? BridgeEnd.Shutdown : BridgeEnd.Application);
        }
        else
        {
            base.BeginClose(end);
        }
    }

    /// <summary>Waits for the bridge to be closed, however the connection ended, or gives its place back where none was made.</summary>
    public async Task ReleaseAsync()
    {
        if (Bridge is { } bridge)
        {
            bridge.TryEnd(BridgeEnd.ClientLost);
            await bridge.Completion.ConfigureAwait(false);
        }
        else
        {
            _sessions.GiveBackPlace();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, bool isText)
    {
        if (!await TryEnterTurnAsync().ConfigureAwait(false))
        {
            return;
        }

        try
        {
            FrameWriter.WriteHeader(Output, isText ? Opcode.Text : _isInMessage ? Opcode.Continuation : Opcode.Binary, bytes.Length, endsMessage);
            Output.Write(bytes.Span);
            _isInMessage = !endsMessage;
            if (!await FlushAsync().ConfigureAwait(false))
            {
                throw new IOException("The client has gone.");
            }
        }
        finally
        {
            LeaveTurn();
        }
    }

    public ValueTask CloseAsync(BridgeEnd end, int code, string reason) => new(CloseAsync((CloseCode)code, reason, CloseCodes.SessionEndOf(end)));

    public void NoteActivity() => NoteData();

    void IBridgeClient.Abort() => Abort(Bridge is { End: not BridgeEnd.None } bridge ? CloseCodes.SessionEndOf(bridge.End) : SessionEnd.ClientGone);

    public async ValueTask DisposeAsync()
    {
        await _stopping.DisposeAsync().ConfigureAwait(false);
        await _disconnected.DisposeAsync().ConfigureAwait(false);
    }

    protected override async Task ServeAsync()
    {
        try
        {
            if (Bridge is null && !await TryMakeBridgeAsync().ConfigureAwait(false))
            {
                return;
            }

            BridgeSession bridge = Bridge!;
            _stopping = Stopping.UnsafeRegister(static session => ((BridgeSocketSession)session!).OnStopping(), this);

            // A client that is held back is not read, so that its end does not show there.
            _disconnected = Context.RequestAborted.UnsafeRegister(static bridge => ((BridgeSession)bridge!).ClientDisconnected(), bridge);
            await bridge.StartAsync().ConfigureAwait(false);
            await bridge.Completion.ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is, the peer is told at once and the session is cleaned up.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            await BreakAsync(failure).ConfigureAwait(false);
        }
    }

    protected override ValueTask OnTextAsync(ReadOnlyMemory<byte> message)
    {
        ControlKind control = ControlRequest.Parse(message.Span).Kind;
        if (Bridge is not { } bridge)
        {
            return TakeControlSlowAsync(control);
        }

        bridge.TakeControl(control);
        return default;
    }

    protected override ValueTask OnBinaryAsync(ReadOnlyMemory<byte> part, bool isEnd) => Bridge?.TakeBytesAsync(part.Span) ?? TakeBytesSlowAsync(part);

    protected override void OnReadingEnded() => _ended.TrySetResult();

    private async ValueTask TakeControlSlowAsync(ControlKind control) => (await _made!.Task.ConfigureAwait(false))?.TakeControl(control);

    private async ValueTask TakeBytesSlowAsync(ReadOnlyMemory<byte> part)
    {
        if (await _made!.Task.ConfigureAwait(false) is { } bridge)
        {
            await bridge.TakeBytesAsync(part.Span).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the bridge of a client whose token came by its first message. What comes behind it waits for that.</summary>
    private async Task<bool> TryMakeBridgeAsync()
    {
        try
        {
            IBridgeBackend backend = await _open(Context, Stopping).ConfigureAwait(false);
            Volatile.Write(ref _bridge, _sessions.Create(Id, this, backend, Endpoint));
            return true;
        }
        catch (BadHttpRequestException refusal)
        {
            await CloseAsync(CloseCode.PolicyViolation, refusal.Message, SessionEnd.Refused).ConfigureAwait(false);
            return false;
        }
#pragma warning disable CA1031 // What the caller's delegate fails with is logged, and the client is told at once.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            if (!Stopping.IsCancellationRequested)
            {
                BridgeLog.BackendNotMade(Gateway.Logger, Endpoint, failure);
            }

            await CloseAsync(CloseCode.InternalError, CloseCodes.ReasonOf(BridgeEnd.ConnectFailed), SessionEnd.Failed).ConfigureAwait(false);
            return false;
        }
        finally
        {
            _made!.TrySetResult(Bridge);
        }
    }

    /// <summary>The connection's end was decided. Where the bridge decided it, this changes nothing.</summary>
    private void OnStopping()
    {
        if (End == SessionEnd.ClientClosed)
        {
            Bridge!.ClientClosed();
        }
        else if (CloseCodes.BridgeEndOf(End) is var end and not BridgeEnd.None)
        {
            Bridge!.TryEnd(end);
        }
    }
}
