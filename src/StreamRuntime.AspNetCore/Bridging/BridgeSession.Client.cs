using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Bridging;

public sealed partial class BridgeSession
{
    private readonly TaskCompletionSource _readerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _clientClosed;
    private int _inputDelivered;
    private int _invalidMessages;
    private int _endOfBytes;

    /// <summary>Client to queue, until the client has closed. While the session is ending, what comes is dropped.</summary>
    private async Task ReadClientAsync()
    {
        BridgeMessage? message = null;
        try
        {
            var size = new ReceiveSize();
            while (true)
            {
                message ??= _pools.Rent(size.Bytes);
                ClientReceived received = await _client.ReceiveAsync(message.Buffer).ConfigureAwait(false);
                if (received.Event == ClientEvent.Closed)
                {
                    OnClientClosed();
                    return;
                }

                if (IsEnding)
                {
                    continue;
                }

                if (received.Event != ClientEvent.Bytes)
                {
                    OnControl(received.Event);
                    continue;
                }

                if (!_backend.TakesBytes)
                {
                    TryEnd(BridgeEnd.Policy, new StreamRuntimeException(ErrorKind.Protocol, $"The client sent bytes, which a backend of kind {Backend} takes none of."));
                    continue;
                }

                if (received.Bytes > 0)
                {
                    size.Took(received.Bytes);
                    message.Length = received.Bytes;
                    ValueTask write = _toBackend.WriteAsync(message);
                    message = null;
                    await AcceptAsync(write).ConfigureAwait(false);
                }
            }
        }
#pragma warning disable CA1031 // Whatever it was, it ends the session and is in its result.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            TryEnd(_client.BrokeProtocol(failure) ? BridgeEnd.ClientProtocolError : BridgeEnd.ClientLost, failure);
        }
        finally
        {
            if (message is not null)
            {
                _pools.Return(message);
            }

            _readerEnded.SetResult();
        }
    }

    private ValueTask AcceptAsync(ValueTask write)
    {
        if (write.IsCompletedSuccessfully)
        {
            write.GetAwaiter().GetResult();
            return default;
        }

        return AcceptSlowAsync(write);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AcceptSlowAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (StreamRuntimeException failure)
        {
            // The queue is closed while the session ends or once the backend takes nothing any more; or it was the client that had ended its bytes.
            if (Volatile.Read(ref _endOfBytes) != 0)
            {
                TryEnd(BridgeEnd.Policy, failure);
            }
        }
    }

    private void OnClientClosed()
    {
        if (IsEnding)
        {
            return;
        }

        // Set before the look at the other side's mark, which is set before its look at this one: one of the two sees both.
        Interlocked.Exchange(ref _clientClosed, 1);
        _toBackend.Complete();
        if (State != BridgeState.Active || IsPaused || Volatile.Read(ref _inputDelivered) != 0)
        {
            TryEnd(BridgeEnd.ClientClosed);
        }
        else
        {
            EndSoon(BridgeEnd.ClientClosed);
        }
    }

    private void InputDelivered()
    {
        Interlocked.Exchange(ref _inputDelivered, 1);
        if (Volatile.Read(ref _clientClosed) != 0)
        {
            TryEnd(BridgeEnd.ClientClosed);
        }
    }

    private void OnControl(ClientEvent control)
    {
        switch (control)
        {
            case ClientEvent.Pause:
                Pause();
                Reply(ControlMessages.Paused);
                break;
            case ClientEvent.Resume:
                Resume();
                Reply(ControlMessages.Resumed);
                break;
            case ClientEvent.EndOfBytes:
                Volatile.Write(ref _endOfBytes, 1);
                _toBackend.Complete();
                break;
            case ClientEvent.Close:
                TryEnd(BridgeEnd.ClientClosed);
                break;
            case ClientEvent.Statistics:
                ReplyStatistics();
                break;
            case ClientEvent.TooBig:
                TryEnd(BridgeEnd.MessageTooBig, new StreamRuntimeException(ErrorKind.MessageTooLarge, "The client sent a message larger than allowed (MaxMessageBytes, MaxControlMessageBytes)."));
                break;
            case ClientEvent.TooMany:
                TryEnd(BridgeEnd.Policy, new StreamRuntimeException(ErrorKind.Protocol, "The client sent more control messages than allowed (MaxControlMessagesPerSecond)."));
                break;
            default:
                OnUnknown();
                break;
        }
    }

    private void OnUnknown()
    {
        if (++_invalidMessages > _options.MaxInvalidMessages)
        {
            TryEnd(BridgeEnd.Policy, new StreamRuntimeException(ErrorKind.Protocol, "The client sent more unknown control messages than allowed (MaxInvalidMessages)."));
        }
        else
        {
            Reply(ControlMessages.Unknown);
        }
    }

    private void ReplyStatistics()
    {
        BridgeMessage message = _pools.Rent(ControlMessages.MostStatisticsBytes);
        message.Length = ControlMessages.WriteStatistics(GetStatistics(), message.Buffer);
        Reply(message);
    }

    private void Reply(ReadOnlySpan<byte> text)
    {
        BridgeMessage message = _pools.Rent(text.Length);
        text.CopyTo(message.Buffer);
        message.Length = text.Length;
        Reply(message);
    }

    private void Reply(BridgeMessage message)
    {
        if (!_toClient.TryWriteText(message) && !IsEnding)
        {
            TryEnd(BridgeEnd.Policy, new StreamRuntimeException(ErrorKind.Protocol, "The client asks for more replies than it reads."));
        }
    }
}
