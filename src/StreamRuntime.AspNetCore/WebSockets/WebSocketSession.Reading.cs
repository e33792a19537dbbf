using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Unicode;
using StreamRuntime.AspNetCore.Access;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.WebSockets;

// What the client sends. Everything here runs on the reading loop.
internal abstract partial class WebSocketSession
{
    private const int ReceiveBytes = 4096;

    private FrameDecoder _decoder;
    private FrameRate _rate;
    private byte[]? _text;
    private int _textLength;
    private bool _isHoldingBack;

    /// <summary>Counts a message or frame that costs us an answer; false when there are too many.</summary>
    protected bool TryCount() => _rate.TryCount(Gateway.Wheel.Clock.Now);

    /// <summary>Takes what has come; null while the peer may send more.</summary>
    private async ValueTask<SessionEnd?> ReceiveAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveBytes);
        try
        {
            int received = await _transport!.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false);
            return received == 0 ? SessionEnd.ClientGone
                : await TakeAsync(buffer.AsMemory(0, received)).ConfigureAwait(false) ? SessionEnd.ClientClosed
                : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
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
                    EndBy(token.Code, token.Reason);
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

    private ValueTask TakeControlAsync(Opcode opcode)
    {
        if (!TryCount())
        {
            EndBy(CloseCode.PolicyViolation, "Too many control frames.");
        }
        else if (opcode == Opcode.Pong)
        {
            _timers.PongAt();
        }
        else if (State < ConnectionState.Closing)
        {
            return SendPongAsync();
        }

        return default;
    }

    private ValueTask TakeDataAsync(FrameToken token, ReadOnlyMemory<byte> part) =>
        token.Opcode != Opcode.Binary ? TakeTextAsync(part, token.IsEnd)
        : State < ConnectionState.Open ? new ValueTask(RefuseFirstMessageAsync())
        : HoldBackWhileAsync(OnBinaryAsync(part, token.IsEnd));

    private async ValueTask TakeTextAsync(ReadOnlyMemory<byte> part, bool isEnd)
    {
        if (!isEnd || _textLength > 0)
        {
            // In pieces: kept until it is whole.
            _text ??= ArrayPool<byte>.Shared.Rent(Gateway.Options.MaxControlMessageBytes);
            part.CopyTo(_text.AsMemory(_textLength));
            _textLength += part.Length;
            part = _text.AsMemory(0, _textLength);
        }

        if (!isEnd)
        {
            // An empty or tiny fragment costs as much as a message.
            return;
        }

        try
        {
            if (!Utf8.IsValid(part.Span))
            {
                EndBy(CloseCode.InvalidText, "A text message is not valid UTF-8.");
            }
            else if (!TryCount())
            {
                EndBy(CloseCode.PolicyViolation, "Too many messages.");
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

    private void ReleaseText()
    {
        if (_text is not null)
        {
            ArrayPool<byte>.Shared.Return(_text);
            _text = null;
        }

        _textLength = 0;
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

    /// <summary>Closes for what the client sent.</summary>
    private void EndBy(CloseCode code, string reason)
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
    }
}
