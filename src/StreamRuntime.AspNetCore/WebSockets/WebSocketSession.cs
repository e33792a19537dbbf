using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.Http;
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
/// <para>What a connection keeps while nothing happens on it counts by the thousand: here and in derived classes, whatever waits long waits in as few methods as can be.</para>
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "RunAsync disposes of it at its end.")]
internal abstract partial class WebSocketSession : GatewaySession
{
    // Not linked to the request's own token: the reading loop ends with the connection, and making that token exist costs every connection some memory.
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource? _authenticated;
    private Stream? _transport;

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

    /// <summary>Cancelled when no more rows are to be sent.</summary>
    protected CancellationToken Stopping => _stop.Token;

    /// <summary>Accepts the handshake and serves the client until it is gone.</summary>
    /// <param name="subProtocol">What was agreed on; null for none.</param>
    public async Task RunAsync(string? subProtocol)
    {
        SessionEnd end = SessionEnd.ClientGone;
        try
        {
            Gateway.Unread.RequestCame(Context);
            TryMove(ConnectionState.Connecting, ConnectionState.Handshaking);
            Schedule();
            _transport = await Upgrade.AcceptAsync(Context, subProtocol).ConfigureAwait(false);
            _output = new FrameOutput(_transport);
            TryMove(ConnectionState.Handshaking, ConnectionState.Authenticating);

            // Between being let in and being listed, a shutdown may have closed everybody it saw.
            if (Gateway.Phase >= ClosesFrom)
            {
                BeginClose(SessionEnd.Shutdown);
            }

            Task serving = BeginServing();
            SessionEnd? ended;
            try
            {
                // Waits without a buffer: a connection that is silent holds none. Here, since a method of its own would hold something as well.
                do
                {
                    await _transport.ReadAsync(Memory<byte>.Empty, CancellationToken.None).ConfigureAwait(false);
                    ended = await ReceiveAsync().ConfigureAwait(false);
                }
                while (ended is null);

                end = ended.Value;
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                GatewayLog.ConnectionBroke(Gateway.Logger, Id, failure);
            }

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
            await _turn.EnterAsync().ConfigureAwait(false);
            _closeSent = true;
            _turn.Leave();
            _stop.Dispose();
        }
    }

    /// <summary>Serves the client, which is open. It does not throw, but hands whatever it can't deal with to <see cref="BreakAsync"/>.</summary>
    protected abstract Task ServeAsync();

    /// <summary>Takes a whole text message, valid UTF-8. Nothing more is read until it returns.</summary>
    protected abstract ValueTask OnTextAsync(ReadOnlyMemory<byte> message);

    /// <summary>Takes a part of a binary message. Nothing more is read until it returns, which holds the peer back.</summary>
    protected abstract ValueTask OnBinaryAsync(ReadOnlyMemory<byte> part, bool isEnd);

    /// <summary>Called once nothing more is read: the client has closed, or is gone.</summary>
    protected virtual void OnReadingEnded()
    {
    }

    /// <summary>Ends the session by 1011 for a failure of ours: the peer is told at once, and the session is cleaned up.</summary>
    protected Task BreakAsync(Exception failure)
    {
        if (!Stopping.IsCancellationRequested)
        {
            GatewayLog.StreamFailed(Gateway.Logger, Endpoint, Stream?.GetStatistics().RowsDelivered ?? 0, failure);
        }

        return CloseAsync(CloseCode.InternalError, "The session failed.", SessionEnd.Failed);
    }

    // Not async where nothing has to be waited for first.
    private Task BeginServing() =>
        _authenticated is not null ? ServeOnceAuthenticatedAsync(_authenticated.Task)
        : TryOpen() ? ServeAsync()
        : Task.CompletedTask;

    private async Task ServeOnceAuthenticatedAsync(Task authenticated)
    {
        try
        {
            await authenticated.WaitAsync(Stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            // Closed before it had said who it is, by whoever stopped it.
            return;
        }

        await ServeAsync().ConfigureAwait(false);
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
}
