using System.Runtime.CompilerServices;
using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Bridging;

public sealed partial class BridgeSession
{
    private int _clientClosed;
    private int _inputDelivered;
    private int _invalidMessages;
    private int _endOfBytes;
    private int _isPausedByClient;

    /// <summary>Takes bytes of the client; one caller at a time. Completes when there is room for more. While the session is ending, they are dropped.</summary>
    internal ValueTask TakeBytesAsync(ReadOnlySpan<byte> bytes)
    {
        if (IsEnding || bytes.Length == 0)
        {
            return default;
        }

        if (!_backend.TakesBytes)
        {
            TryEnd(BridgeEnd.Policy, new StreamRuntimeException(ErrorKind.Protocol, $"The client sent bytes, which a backend of kind {Backend} takes none of."));
            return default;
        }

        bytes = bytes[_toBackend.Append(bytes)..];
        if (bytes.Length == 0)
        {
            return default;
        }

        BridgeMessage message = _pools.Rent(Math.Max(bytes.Length, ReceiveSize.Smallest));
        bytes.CopyTo(message.Buffer);
        message.Length = bytes.Length;
        ValueTask write = _toBackend.WriteAsync(message);
        if (!write.IsCompleted && Volatile.Read(ref _isPausedByClient) != 0)
        {
            // Its word to go on would be behind these bytes, and so would never be read.
            TryEnd(BridgeEnd.Policy, new StreamRuntimeException(ErrorKind.Protocol, $"The client sent more than {MostHeldBytes} bytes while it had paused the session itself."));
        }

        return AcceptAsync(write);
    }

    /// <summary>Follows a control message of the client.</summary>
    internal void TakeControl(ControlKind control)
    {
        if (IsEnding)
        {
            return;
        }

        switch (control)
        {
            case ControlKind.Pause:
                Volatile.Write(ref _isPausedByClient, 1);
                Pause();
                Reply(ControlMessages.Paused);
                break;
            case ControlKind.Resume:
                Resume();
                Reply(ControlMessages.Resumed);
                break;
            case ControlKind.End:
                Volatile.Write(ref _endOfBytes, 1);
                _toBackend.Complete();
                break;
            case ControlKind.Close:
                TryEnd(BridgeEnd.ClientClosed);
                break;
            case ControlKind.Stats:
                ReplyStatistics();
                break;
            default:
                OnUnknown();
                break;
        }
    }

    /// <summary>The client has closed its side. What it had sent before is still delivered.</summary>
    internal void ClientClosed()
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

    /// <summary>The client's connection takes no part any more; whatever it had sent may still be on its way here.</summary>
    internal void ClientDisconnected() => EndSoon(BridgeEnd.ClientLost);

    /// <summary>Tells the client something, unless too much waits for it already.</summary>
    internal bool TryTell(ReadOnlySpan<byte> text)
    {
        BridgeMessage message = _pools.Rent(text.Length);
        text.CopyTo(message.Buffer);
        message.Length = text.Length;
        return _toClient.TryWriteText(message);
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

    private void InputDelivered()
    {
        Interlocked.Exchange(ref _inputDelivered, 1);
        if (Volatile.Read(ref _clientClosed) != 0)
        {
            TryEnd(BridgeEnd.ClientClosed);
        }
    }

    private void OnUnknown()
    {
        if (++_invalidMessages > _gateway.Options.MaxInvalidMessages)
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
        Reply(_toClient.TryWriteText(message));
    }

    private void Reply(ReadOnlySpan<byte> text) => Reply(TryTell(text));

    private void Reply(bool hasRoom)
    {
        if (!hasRoom && !IsEnding)
        {
            TryEnd(BridgeEnd.Policy, new StreamRuntimeException(ErrorKind.Protocol, "The client asks for more replies than it reads."));
        }
    }
}
