using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Bridging;

public sealed partial class BridgeSession
{
    // What a client has sent and the backend has not taken yet. Control messages are found behind this much and no more.
    private const int MostHeldBytes = 64 * 1024;

    private readonly TaskCompletionSource _pumpsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _senderEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastActivity;
    private long _bytesToClient;
    private long _messagesToClient;
    private long _bytesToBackend;
    private long _messagesToBackend;
    private int? _exitStatus;

    private async Task<bool> RunAsync()
    {
        if (!await TryConnectAsync().ConfigureAwait(false))
        {
            _pumpsEnded.SetResult();
            _senderEnded.SetResult();
            return false;
        }

        _ = PumpAsync();
        _ = SendAsync();
        return true;
    }

    private async Task<bool> TryConnectAsync()
    {
        try
        {
            using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _time);
            using var connecting = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, timeout.Token);
            try
            {
                await _backend.ConnectAsync(connecting.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException failure) when (timeout.IsCancellationRequested)
            {
                throw new StreamRuntimeException(
                    ErrorKind.Timeout, $"The backend was not reached within {_options.ConnectTimeout.TotalSeconds:0.###} s (ConnectTimeout).", failure, isTransient: true);
            }
        }
#pragma warning disable CA1031 // Whatever it was, it ends the session and is in its result.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            TryEnd(BridgeEnd.ConnectFailed, failure);
            return false;
        }

        if (!TryTransition(BridgeState.Active, out _))
        {
            return false;
        }

        BridgeLog.Active(_gateway.Logger, Id, Endpoint, Backend);
        return true;
    }

    private async Task PumpAsync()
    {
        await Task.WhenAll(PumpToClientAsync(), PumpToBackendAsync()).ConfigureAwait(false);
        _pumpsEnded.SetResult();
    }

    private async Task SendAsync()
    {
        await SendToClientAsync().ConfigureAwait(false);
        _senderEnded.SetResult();
    }

    /// <summary>Backend to queue, until the backend ends.</summary>
    private async Task PumpToClientAsync()
    {
        BridgeBackendEnd end;
        try
        {
            var size = new ReceiveSize();
            while (true)
            {
                await WaitWhilePausedAsync().ConfigureAwait(false);
                if (IsEnding)
                {
                    return;
                }

                BridgeMessage? message = _pools.Rent(size.Bytes);
                try
                {
                    BridgeReceived received = await _backend.ReceiveAsync(message.Buffer, _stop.Token).ConfigureAwait(false);
                    if (received.Bytes == 0)
                    {
                        break;
                    }

                    size.Took(received.Bytes);
                    message.Length = received.Bytes;
                    message.EndsMessage = received.EndsMessage;

                    // Brought by a receive that was under way when the session was paused.
                    await WaitWhilePausedAsync().ConfigureAwait(false);
                    ValueTask write = _toClient.WriteAsync(message);
                    message = null;
                    if (!await HasRoomAsync(write).ConfigureAwait(false))
                    {
                        return;
                    }
                }
                finally
                {
                    if (message is not null)
                    {
                        _pools.Return(message);
                    }
                }
            }

            end = await _backend.GetEndAsync(_stop.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it was, it ends the session and is in its result.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            if (IsEnding)
            {
                return;
            }

            end = new BridgeBackendEnd(null, failure);
        }

        await EndAfterBackendAsync(end).ConfigureAwait(false);
    }

    /// <summary>Lets the client have what the backend had sent before it ended.</summary>
    private async Task EndAfterBackendAsync(BridgeBackendEnd end)
    {
        _exitStatus = end.ExitStatus;
        if (end.Failure is not null)
        {
            EndSoon(BridgeEnd.BackendFailed, end.Failure);
        }

        if (await HasRoomAsync(_toClient.CompleteAsync()).ConfigureAwait(false))
        {
            TryEnd(end.Failure is null ? BridgeEnd.BackendEnded : BridgeEnd.BackendFailed, end.Failure);
        }
    }

    /// <summary>False when the write failed; the session is ending then.</summary>
    private ValueTask<bool> HasRoomAsync(ValueTask write)
    {
        if (write.IsCompletedSuccessfully)
        {
            write.GetAwaiter().GetResult();
            return new ValueTask<bool>(true);
        }

        return HasRoomSlowAsync(write);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> HasRoomSlowAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
            return true;
        }
        catch (StreamRuntimeException failure)
        {
            // A queue is closed only by a session that is ending; then this changes nothing.
            TryEnd(BridgeEnd.QueueBlocked, failure);
            return false;
        }
    }

    /// <summary>Queue to client, until the queue is complete.</summary>
    private async Task SendToClientAsync()
    {
        while (await _toClient.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_toClient.TryRead(out BridgeMessage? message))
            {
                try
                {
                    await _client.SendAsync(message.Bytes, message.EndsMessage, message.IsText).ConfigureAwait(false);
                    if (!message.IsText)
                    {
                        Volatile.Write(ref _bytesToClient, _bytesToClient + message.Length);
                        Volatile.Write(ref _messagesToClient, _messagesToClient + (message.EndsMessage ? 1 : 0));
                        Touch();
                    }
                }
#pragma warning disable CA1031 // Whatever it was, it ends the session and is in its result.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    TryEnd(BridgeEnd.ClientLost, failure);
                    return;
                }
                finally
                {
                    _toClient.Release(message);
                }
            }
        }
    }

    /// <summary>Queue to backend, until the client sends no more.</summary>
    private async Task PumpToBackendAsync()
    {
        try
        {
            while (await _toBackend.WaitToReadAsync().ConfigureAwait(false))
            {
                while (_toBackend.TryRead(out BridgeMessage? message))
                {
                    try
                    {
                        await WaitWhilePausedAsync().ConfigureAwait(false);
                        if (IsEnding)
                        {
                            return;
                        }

                        await _backend.SendAsync(message.Bytes, _stop.Token).ConfigureAwait(false);
                        Volatile.Write(ref _bytesToBackend, _bytesToBackend + message.Length);
                        Volatile.Write(ref _messagesToBackend, _messagesToBackend + 1);
                        Touch();
                    }
                    finally
                    {
                        _toBackend.Release(message);
                    }
                }
            }

            if (!IsEnding)
            {
                await _backend.CompleteSendingAsync(_stop.Token).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Whatever it was, it ends the session and is in its result.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            // A backend that takes nothing any more may have ended in order, with its last words still to be received. If it does not say so soon, it has failed.
            EndSoon(BridgeEnd.BackendFailed, failure);
            _toBackend.Close();
        }
        finally
        {
            InputDelivered();
        }
    }

    private Task WaitWhilePausedAsync() => _gate.IsPaused ? WaitWhilePausedSlowAsync() : Task.CompletedTask;

    private async Task WaitWhilePausedSlowAsync()
    {
        while (_gate.IsPaused)
        {
            await _gate.OpenedAsync().ConfigureAwait(false);
        }
    }

    private void Touch() => Volatile.Write(ref _lastActivity, _time.GetTimestamp());
}
