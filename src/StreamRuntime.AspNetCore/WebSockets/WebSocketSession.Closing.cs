using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.WebSockets;

// How it ends: one decides, the close frame is sent once, and the peer's is waited for.
internal abstract partial class WebSocketSession
{
    // Written within the turn.
    private bool _closeSent;

    public override void BeginClose(SessionEnd end) =>
        _ = end == SessionEnd.Shutdown
            ? CloseAsync(CloseCode.GoingAway, "The server is shutting down.", end)
            : CloseAsync(CloseCode.Normal, "An administrator ended the session.", end);

    public override void Abort() => Abort(SessionEnd.Shutdown);

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

    protected void Abort(SessionEnd end)
    {
        TryClose(end);
        AbortRequest(Context);
        Stop();
    }

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

    /// <summary>The peer's close frame is answered by ours, unless it is itself the answer.</summary>
    private Task AnswerCloseAsync(ushort code) =>

        // Where ours comes first it may still wait for its turn. It is sent before the connection is closed.
        TryClose(SessionEnd.ClientClosed) ? SendCloseAsync(code, "") : SendCloseAsync((ushort)CloseCode.Normal, "");

    private async Task SendCloseAsync(ushort code, string reason)
    {
        _timers.CloseAt(Gateway.Wheel.Clock.Now);
        Schedule();
        Stop();
        await _turn.EnterAsync().ConfigureAwait(false);
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
            _turn.Leave();
        }
    }
}
