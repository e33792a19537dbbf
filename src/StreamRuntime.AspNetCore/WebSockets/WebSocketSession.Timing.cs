using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.WebSockets;

// What comes with time: pings, and the ends that silence brings.
internal abstract partial class WebSocketSession
{
    private static readonly ReadOnlyMemory<byte> Ping = new byte[] { 0x89, 0 };

    private readonly Deadline _deadline;
    private ConnectionTimers _timers;

    private bool MayBeIdle => _turn.IsFree && !IsPaused;

    /// <summary>Has the time without data begin anew.</summary>
    protected void NoteData() => _timers.DataAt(Gateway.Wheel.Clock.Now);

    /// <summary>Says that the peer took what had to wait.</summary>
    protected void PeerTook() => _timers.TakenAt(Gateway.Wheel.Clock.Now);

    private void Schedule() => _deadline.Schedule(_timers.Next(Gateway.Wheel.Clock.Now, State, MayBeIdle));

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
            case TimerAction.PongExpired when (!_turn.IsFree || Volatile.Read(ref _isHoldingBack)) && PeerLiveness.MayBeAlive(Context, Gateway.Options.PongTimeout):
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
        if (!_turn.TryEnter())
        {
            // Something is being sent, or the peer takes nothing: a dead peer shows in what is on its way already.
            _timers.PingAt(now);
            return;
        }

        if (_closeSent)
        {
            _turn.Leave();
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
            _turn.Leave();
            return;
        }

        _timers.PingAt(now);
        Gateway.Metrics.Pinged();
        if (write.IsCompletedSuccessfully)
        {
            write.GetAwaiter().GetResult();
            _turn.Leave();
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
            _turn.Leave();
        }
    }
}
