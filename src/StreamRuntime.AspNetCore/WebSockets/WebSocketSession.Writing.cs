using System.IO.Pipelines;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.WebSockets;

// What is sent: one frame at a time, by whoever has the turn.
internal abstract partial class WebSocketSession
{
    private Turn _turn;
    private FrameOutput? _output;

    protected PipeWriter Output => _output!;

    /// <summary>Waits for the turn to write a frame; false once nothing more may be sent. True is to be followed by <see cref="LeaveTurn"/>.</summary>
    protected ValueTask<bool> TryEnterTurnAsync()
    {
        ValueTask entering = _turn.EnterAsync();
        return entering.IsCompletedSuccessfully ? new ValueTask<bool>(MaySend()) : EnterTurnSlowAsync(entering);
    }

    protected void LeaveTurn()
    {
        NoteData();
        _turn.Leave();
    }

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

    private async ValueTask<bool> EnterTurnSlowAsync(ValueTask entering)
    {
        await entering.ConfigureAwait(false);
        return MaySend();
    }

    /// <summary>Asked within the turn, which is left where the answer is no.</summary>
    private bool MaySend()
    {
        if (!_closeSent && State == ConnectionState.Open)
        {
            return true;
        }

        _turn.Leave();
        return false;
    }

    private async ValueTask SendPongAsync()
    {
        await _turn.EnterAsync().ConfigureAwait(false);
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
            _turn.Leave();
        }
    }
}
