using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Access;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>One WebSocket: frames in and out, heartbeats, limits, and an end that the peer sees.</summary>
/// <remarks>
/// <para>
/// Two loops run it. The reading loop owns the decoder, waits without a buffer, and is the last to end: after our close frame it keeps reading, so that no
/// reset overtakes it, until the peer's comes or the close time is over. The serving task, a derived class's, sends. Whoever sends holds the turn for one whole
/// frame; nobody sends after the close frame.
/// </para>
/// <para>
/// Every timer is one deadline on the wheel. A ping is two bytes written between other frames, without a task unless the pipe is full; while the pipe is full no
/// ping is sent, as it would only wait behind what the peer does not read.
/// </para>
/// </remarks>
#pragma warning disable CA1001 // Disposed of by RunAsync at its end; the semaphore's wait handle is never asked for, and a timer may still look at it.
internal abstract class WebSocketSession : GatewaySession
#pragma warning restore CA1001
{
    private const int ReceiveBytes = 4096;

    private static readonly ReadOnlyMemory<byte> Ping = new byte[] { 0x89, 0 };

    // The response's own pipe is closed to us once it is upgraded. Between two flushes a writer over the stream holds no memory.
    private static readonly StreamPipeWriterOptions OutputOptions = new(leaveOpen: true);

    private readonly SemaphoreSlim _turn = new(1, 1);

    // Not linked to the request's own token: the reading loop ends with the connection, and making that token exist costs every connection some memory.
    private readonly CancellationTokenSource _stop = new();
    private readonly Deadline _deadline;
    private readonly TaskCompletionSource? _authenticated;
    private ConnectionTimers _timers;
    private FrameDecoder _decoder;
    private FrameRate _rate;
    private Stream? _transport;
    private PipeWriter? _output;
    private byte[]? _text;
    private int _textLength;
    private bool _closeSent;
    private bool _isHoldingBack;

    /// <param name="gateway">Whose session it is.</param>
    /// <param name="endpoint">Its endpoint's name.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="context">The request.</param>
    /// <param name="needsToken">True when the client's first message has to be its token.</param>
    /// <param name="options">Its timers and limits; the gateway's, but for what is different here.</param>
    /// <param name="maxBinaryBytes">The largest binary message; as large as a text message may be where all are refused.</param>
    /// <param name="isStream">True when it holds a place for a running stream.</param>
    protected WebSocketSession(
        Gateway gateway, string endpoint, IPAddress client, HttpContext context, bool needsToken, StreamGatewayOptions options, long maxBinaryBytes, bool isStream)
        : base(gateway, endpoint, client, isStream)
    {
        _authenticated = needsToken ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        Context = context;
        _deadline = new Deadline(gateway.Wheel, static session => ((WebSocketSession)session!).TimeHasCome(), this);
        _timers = new ConnectionTimers(options, gateway.Wheel.Clock.Now);
        _decoder = new FrameDecoder(maxBinaryBytes, options.MaxControlMessageBytes, options.MaxFragments);
        _rate = new FrameRate(options.MaxControlFramesPerSecond);
    }

    public override string Transport => "websocket";

    protected HttpContext Context { get; }

    protected PipeWriter Output => _output!;

    /// <summary>Cancelled when no more rows are to be sent.</summary>
    protected CancellationToken Stopping => _stop.Token;

    private bool MayBeIdle => _turn.CurrentCount > 0 && !IsPaused;

    /// <summary>Accepts the handshake and serves the client until it is gone.</summary>
    /// <param name="subProtocol">What was agreed on; null for none.</param>
    public async Task RunAsync(string? subProtocol)
    {
        SessionEnd end = SessionEnd.ClientGone;
        try
        {
            TryMove(ConnectionState.Connecting, ConnectionState.Handshaking);
            Schedule();
            _transport = await Upgrade.AcceptAsync(Context, subProtocol).ConfigureAwait(false);
            _output = PipeWriter.Create(_transport, OutputOptions);
            TryMove(ConnectionState.Handshaking, ConnectionState.Authenticating);

            // Between being let in and being listed, a shutdown may have closed everybody it saw.
            if (Gateway.Phase >= ClosesFrom)
            {
                BeginClose(SessionEnd.Shutdown);
            }

            Task serving = ServeAndCloseAsync();
            end = await ReadToEndAsync().ConfigureAwait(false);
            TryClose(end);
            OnReadingEnded();
            if (end == SessionEnd.ClientGone && !Volatile.Read(ref _closeSent))
            {
                // Whoever sends to a peer that has gone would wait for it to read.
                AbortRequest(Context);
            }

            await _stop.CancelAsync().ConfigureAwait(false);
            await serving.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            GatewayLog.ConnectionBroke(Gateway.Logger, Id, failure);
        }
        finally
        {
            Finish(end);
            _deadline.Cancel();

            // Whoever still has the turn is on its way out; nobody writes once the request is over.
            await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            _closeSent = true;
            _turn.Release();
            _stop.Dispose();
        }
    }

    public override void BeginClose(SessionEnd end) =>
        _ = end == SessionEnd.Shutdown
            ? CloseAsync(CloseCode.GoingAway, "The server is shutting down.", end)
            : CloseAsync(CloseCode.Normal, "An administrator ended the session.", end);

    public override void Abort() => Abort(SessionEnd.Shutdown);

    /// <summary>Serves the client, which is open; an exception is our failure and closes by 1011.</summary>
    protected abstract Task ServeAsync();

    /// <summary>Takes a whole text message, valid UTF-8. Nothing more is read until it returns.</summary>
    protected abstract ValueTask OnTextAsync(ReadOnlyMemory<byte> message);

    /// <summary>Takes a part of a binary message. Nothing more is read until it returns, which holds the peer back.</summary>
    protected abstract ValueTask OnBinaryAsync(ReadOnlyMemory<byte> part, bool isEnd);

    /// <summary>Called once nothing more is read: the client has closed, or is gone.</summary>
    protected virtual void OnReadingEnded()
    {
    }

    /// <summary>Goes from Authenticating to Open, and begins the heartbeat.</summary>
    private bool TryOpen()
    {
        _timers.OpenAt(Gateway.Wheel.Clock.Now);
        if (!TryMove(ConnectionState.Authenticating, ConnectionState.Open))
        {
            return false;
        }

        Schedule();
        return true;
    }

    /// <summary>Waits for the turn to write a frame; false once nothing more may be sent. True is to be followed by <see cref="LeaveTurn"/>.</summary>
    protected async ValueTask<bool> TryEnterTurnAsync()
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        if (!_closeSent && State == ConnectionState.Open)
        {
            return true;
        }

        _turn.Release();
        return false;
    }

    protected void LeaveTurn()
    {
        _timers.DataAt(Gateway.Wheel.Clock.Now);
        _turn.Release();
    }

    /// <summary>Has the time without data begin anew.</summary>
    protected void NoteData() => _timers.DataAt(Gateway.Wheel.Clock.Now);

    /// <summary>Says that the peer took what had to wait.</summary>
    protected void PeerTook() => _timers.TakenAt(Gateway.Wheel.Clock.Now);

    /// <summary>Sends a text message; false once nothing more may be sent.</summary>
    protected async ValueTask<bool> SendTextAsync(ReadOnlyMemory<byte> message)
    {
        if (!await TryEnterTurnAsync().ConfigureAwait(false))
        {
            return false;
        }

        try
        {
            FrameWriter.Write(Output, Opcode.Text, message.Span);
            return await FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            LeaveTurn();
        }
    }

    /// <summary>Counts a message or frame that costs us an answer; false when there are too many.</summary>
    protected bool TryCount() => _rate.TryCount(Gateway.Wheel.Clock.Now);

    /// <summary>Decides the end, stops what is being served, and sends the close frame. Only the first to decide does anything.</summary>
    protected async Task CloseAsync(CloseCode code, string reason, SessionEnd end)
    {
        if (!TryClose(end))
        {
            return;
        }

        if (code != CloseCode.Normal)
        {
            GatewayLog.WebSocketClosing(Gateway.Logger, Id, (int)code, reason);
        }

        await SendCloseAsync((ushort)code, reason).ConfigureAwait(false);
    }

    private async Task SendCloseAsync(ushort code, string reason)
    {
        _timers.CloseAt(Gateway.Wheel.Clock.Now);
        Schedule();
        Stop();
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (!_closeSent)
            {
                _closeSent = true;
                if (_output is null)
                {
                    // Not upgraded yet, so there is nobody to send a frame to.
                    AbortRequest(Context);
                    return;
                }

                FrameWriter.WriteClose(Output, code, reason);
                await FlushAsync().ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Nobody waits for a close frame that can't be sent: the reading loop meets the same failure.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            GatewayLog.ConnectionBroke(Gateway.Logger, Id, failure);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ServeAndCloseAsync()
    {
        try
        {
            if (_authenticated is not null)
            {
                await _authenticated.Task.WaitAsync(Stopping).ConfigureAwait(false);
            }
            else if (!TryOpen())
            {
                return;
            }

            await ServeAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is, the peer is told at once and the session is cleaned up here.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            if (!Stopping.IsCancellationRequested)
            {
                GatewayLog.StreamFailed(Gateway.Logger, Endpoint, Stream?.GetStatistics().RowsDelivered ?? 0, failure);
            }

            await CloseAsync(CloseCode.InternalError, "The session failed.", SessionEnd.Failed).ConfigureAwait(false);
        }
    }

    private async Task<SessionEnd> ReadToEndAsync()
    {
        while (true)
        {
            // Without a buffer: a connection that is silent holds none.
            try
            {
                await _transport!.ReadAsync(Memory<byte>.Empty, CancellationToken.None).ConfigureAwait(false);
                byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveBytes);
                try
                {
                    int received = await _transport.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false);
                    if (received == 0)
                    {
                        return SessionEnd.ClientGone;
                    }

                    if (await TakeAsync(buffer.AsMemory(0, received)).ConfigureAwait(false))
                    {
                        return SessionEnd.ClientClosed;
                    }
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                GatewayLog.ConnectionBroke(Gateway.Logger, Id, failure);
                return SessionEnd.ClientGone;
            }
        }
    }

    /// <summary>True once the peer's close frame has come.</summary>
    private async ValueTask<bool> TakeAsync(Memory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            FrameToken token = _decoder.Read(bytes.Span);
            switch (token.Kind)
            {
                case FrameTokenKind.Violation:
                    await EndByAsync(token.Code, token.Reason).ConfigureAwait(false);
                    break;
                case FrameTokenKind.Control when token.Opcode == Opcode.Close:
                    await AnswerCloseAsync(ClosePayload.Answer(_decoder.ControlPayload.Span)).ConfigureAwait(false);
                    return true;
                case FrameTokenKind.Control:
                    await TakeControlAsync(token.Opcode).ConfigureAwait(false);
                    break;
                case FrameTokenKind.Data when State < ConnectionState.Closing:
                    _timers.DataAt(Gateway.Wheel.Clock.Now);
                    await TakeDataAsync(token, bytes.Slice(token.Offset, token.Length)).ConfigureAwait(false);
                    break;
            }

            bytes = bytes[token.Consumed..];
        }

        return false;
    }

    private async ValueTask TakeControlAsync(Opcode opcode)
    {
        if (!TryCount())
        {
            await EndByAsync(CloseCode.PolicyViolation, "Too many control frames.").ConfigureAwait(false);
        }
        else if (opcode == Opcode.Pong)
        {
            _timers.PongAt();
        }
        else if (State < ConnectionState.Closing)
        {
            await SendPongAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask SendPongAsync()
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (!_closeSent)
            {
                FrameWriter.Write(Output, Opcode.Pong, _decoder.ControlPayload.Span);
                await FlushAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask TakeDataAsync(FrameToken token, ReadOnlyMemory<byte> part)
    {
        if (token.Opcode == Opcode.Binary)
        {
            if (State < ConnectionState.Open)
            {
                await RefuseFirstMessageAsync().ConfigureAwait(false);
            }
            else
            {
                await HoldBackWhileAsync(OnBinaryAsync(part, token.IsEnd)).ConfigureAwait(false);
            }

            return;
        }

        if (!token.IsEnd || _textLength > 0)
        {
            // In pieces: kept until it is whole.
            _text ??= ArrayPool<byte>.Shared.Rent(Gateway.Options.MaxControlMessageBytes);
            part.CopyTo(_text.AsMemory(_textLength));
            _textLength += part.Length;
            part = _text.AsMemory(0, _textLength);
        }

        if (!token.IsEnd)
        {
            // An empty or tiny fragment costs as much as a message.
            return;
        }

        try
        {
            if (!Utf8.IsValid(part.Span))
            {
                await EndByAsync(CloseCode.InvalidText, "A text message is not valid UTF-8.").ConfigureAwait(false);
            }
            else if (!TryCount())
            {
                await EndByAsync(CloseCode.PolicyViolation, "Too many messages.").ConfigureAwait(false);
            }
            else if (State < ConnectionState.Open)
            {
                await TakeTokenAsync(part).ConfigureAwait(false);
            }
            else
            {
                await OnTextAsync(part).ConfigureAwait(false);
            }
        }
        finally
        {
            ReleaseText();
        }
    }

    /// <summary>Waits for a part to be taken. Meanwhile no pong is read either, so that the peer is not to blame for it.</summary>
    private ValueTask HoldBackWhileAsync(ValueTask taking) => taking.IsCompletedSuccessfully ? taking : HoldBackSlowAsync(taking);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask HoldBackSlowAsync(ValueTask taking)
    {
        Volatile.Write(ref _isHoldingBack, true);
        try
        {
            await taking.ConfigureAwait(false);
        }
        finally
        {
            PeerTook();
            Volatile.Write(ref _isHoldingBack, false);
        }
    }

    private Task RefuseFirstMessageAsync() => CloseAsync(CloseCode.PolicyViolation, "The first message has to be a token.", SessionEnd.Unauthenticated);

    /// <summary>Takes the client's first message. Whatever comes behind it is read once it is known whose it is.</summary>
    private async ValueTask TakeTokenAsync(ReadOnlyMemory<byte> message)
    {
        ControlRequest request = ControlRequest.Parse(message.Span);
        if (request.Kind != ControlKind.Authenticate)
        {
            await RefuseFirstMessageAsync().ConfigureAwait(false);
            return;
        }

        AccessOutcome outcome = await AccessToken.CheckAsync(
            Gateway.Options.Authenticate, Context, request.Text, Endpoint, Gateway.Logger, Stopping).ConfigureAwait(false);
        switch (outcome)
        {
            case AccessOutcome.Allowed when TryOpen():
                _authenticated!.SetResult();
                break;
            case AccessOutcome.Failed:
                await CloseAsync(CloseCode.InternalError, "The token can't be checked at present.", SessionEnd.Failed).ConfigureAwait(false);
                break;
            default:
                await CloseAsync(CloseCode.PolicyViolation, "The token is not good.", SessionEnd.Unauthenticated).ConfigureAwait(false);
                break;
        }
    }

    private void ReleaseText()
    {
        if (_text is not null)
        {
            ArrayPool<byte>.Shared.Return(_text);
            _text = null;
        }

        _textLength = 0;
    }

    private Task EndByAsync(CloseCode code, string reason)
    {
        _decoder.BecomeLenient();
        SessionEnd end = code switch
        {
            CloseCode.TooBig => SessionEnd.TooBig,
            CloseCode.PolicyViolation => SessionEnd.Abuse,
            _ => SessionEnd.ProtocolError,
        };

        // Not waited for, so that the peer's bytes are read meanwhile: one that floods us could block its own close frame otherwise.
        _ = CloseAsync(code, reason, end);
        return Task.CompletedTask;
    }

    /// <summary>The peer's close frame is answered by ours, unless it is itself the answer.</summary>
    private async Task AnswerCloseAsync(ushort code)
    {
        if (TryClose(SessionEnd.ClientClosed))
        {
            await SendCloseAsync(code, "").ConfigureAwait(false);
        }
        else
        {
            // Ours may still wait for its turn. It is sent before the connection is closed.
            await SendCloseAsync((ushort)CloseCode.Normal, "").ConfigureAwait(false);
        }
    }

    /// <summary>Flushes what was written; false when the peer has gone.</summary>
    protected async ValueTask<bool> FlushAsync()
    {
        ValueTask<FlushResult> flush = Output.FlushAsync(CancellationToken.None);
        if (flush.IsCompletedSuccessfully)
        {
            return !flush.Result.IsCompleted;
        }

        bool isHere = !(await flush.ConfigureAwait(false)).IsCompleted;
        PeerTook();
        return isHere;
    }

    private void TimeHasCome()
    {
        long now = Gateway.Wheel.Clock.Now;
        switch (_timers.Step(now, State, MayBeIdle))
        {
            case TimerAction.HandshakeExpired:
                _ = CloseAsync(CloseCode.ProtocolError, "The handshake took too long.", SessionEnd.HandshakeTimeout);
                break;
            case TimerAction.IdleExpired:
                _ = CloseAsync(CloseCode.Normal, "The connection was idle for too long.", SessionEnd.Idle);
                break;
            case TimerAction.PongExpired when (_turn.CurrentCount == 0 || Volatile.Read(ref _isHoldingBack)) && PeerLiveness.MayBeAlive(Context, Gateway.Options.PongTimeout):
                _timers.TakenAt(now);
                break;
            case TimerAction.PongExpired:
                Abort(SessionEnd.NoPong);
                break;
            case TimerAction.CloseExpired:
                AbortRequest(Context);
                break;
            case TimerAction.Ping:
                TrySendPing(now);
                break;
        }

        Schedule();
    }

    private void TrySendPing(long now)
    {
        if (!_turn.Wait(0, CancellationToken.None))
        {
            // Something is being sent, or the peer takes nothing: a dead peer shows in what is on its way already.
            _timers.PingAt(now);
            return;
        }

        if (_closeSent)
        {
            _turn.Release();
            return;
        }

        ValueTask write;
        try
        {
            write = _transport!.WriteAsync(Ping, CancellationToken.None);
        }
#pragma warning disable CA1031 // Runs on a timer; the reading loop meets the same failure.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            GatewayLog.ConnectionBroke(Gateway.Logger, Id, failure);
            _turn.Release();
            return;
        }

        _timers.PingAt(now);
        Gateway.Metrics.Pinged();
        if (write.IsCompletedSuccessfully)
        {
            write.GetAwaiter().GetResult();
            _turn.Release();
        }
        else
        {
            _ = FinishPingAsync(write);
        }
    }

    private async Task FinishPingAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
            PeerTook();
        }
#pragma warning disable CA1031 // As above.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            GatewayLog.ConnectionBroke(Gateway.Logger, Id, failure);
        }
        finally
        {
            _turn.Release();
        }
    }

    protected void Abort(SessionEnd end)
    {
        TryClose(end);
        AbortRequest(Context);
        Stop();
    }

    private void Schedule() => _deadline.Schedule(_timers.Next(Gateway.Wheel.Clock.Now, State, MayBeIdle));

    /// <summary>Cancels <see cref="Stopping"/>.</summary>
    protected void Stop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException) when (State == ConnectionState.Closed)
        {
            // It has ended in the meantime.
        }
    }
}
