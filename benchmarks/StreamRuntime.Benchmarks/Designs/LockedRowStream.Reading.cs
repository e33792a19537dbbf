using System.Runtime.CompilerServices;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Designs;

internal sealed partial class LockedRowStream
{
    /// <summary>As <see cref="JsonRowStream.ReadBatchAsync"/>.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReadBatchAsync(CancellationToken cancellationToken = default)
    {
        if (!_lease.TryEnter())
        {
            ThrowCannotEnter();
        }

        CancellationTokenRegistration registration = default;
        try
        {
            if (cancellationToken.CanBeCanceled)
            {
                registration = cancellationToken.UnsafeRegister(static stream => ((LockedRowStream)stream!).Stop(StopReason.Caller), this);
            }

            if (!await ReceiveAsync(cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            Volatile.Write(ref _rowsDelivered, _rowsDelivered + _rows.Count);
            Volatile.Write(ref _bytesDelivered, _bytesDelivered + _rows.RowBytes);
            return true;
        }
        finally
        {
            registration.Unregister();
            _lease.Exit();
        }
    }

    /// <summary>Receives until there is a row, and waits while paused. False at the end of the result.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _rows.Clear();
            if (_failure is not null)
            {
                await FailAsync(_failure, cancellationToken).ConfigureAwait(false);
            }

            if (_sourceEnded)
            {
                await CompleteAsync().ConfigureAwait(false);
                return false;
            }

            CancellationToken stop = EnsureStop().Token;
            StreamState state = stop.IsCancellationRequested ? StreamState.Error : Begin();
            if (state == StreamState.Paused)
            {
                await WaitWhilePausedAsync(stop).ConfigureAwait(false);
                continue;
            }

            if (state != StreamState.Running)
            {
                await FailAsync(new OperationCanceledException(stop), cancellationToken).ConfigureAwait(false);
            }

            bool more;
            try
            {
                ValueTask<bool> receive = _source.ReceiveAsync(_rows, stop);
                Volatile.Write(ref _isStarting, false);
                more = receive.IsCompletedSuccessfully ? receive.Result : await WaitForAsync(receive).ConfigureAwait(false);
            }
            catch (Exception failure) when (_rows.Count > 0 && _stopReason == (byte)StopReason.None)
            {
                // Rows before an error are delivered first; the next read throws it.
                Volatile.Write(ref _isStarting, false);
                _failure = failure;
                more = true;
            }
            catch (Exception failure)
            {
                Volatile.Write(ref _isStarting, false);
                await FailAsync(failure, cancellationToken).ConfigureAwait(false);
                throw;
            }

            _sourceEnded = !more;
            long held = _rows.BufferedBytes;
            _buffered = held;
            if (held > _peakBuffered)
            {
                _peakBuffered = held;
            }

            if (_rows.Count > 0)
            {
                if (_firstRowAt == 0)
                {
                    Volatile.Write(ref _firstRowAt, Math.Max(1, _options.TimeProvider.GetTimestamp()));
                }

                Volatile.Write(ref _rowsReceived, _rowsReceived + _rows.Count);
                return true;
            }
        }
    }

    /// <summary>The look at the state before a receive. Running also marks the receive as about to start, for a pauser to wait for.</summary>
    private StreamState Begin()
    {
        lock (_sync)
        {
            _isStarting = _state == StreamState.Running;
            return _state;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitForAsync(ValueTask<bool> receive)
    {
        long from = _options.TimeProvider.GetTimestamp();
        try
        {
            return await receive.ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _waitedTicks, _waitedTicks + _options.TimeProvider.GetTimestamp() - from);
        }
    }

    private async Task WaitWhilePausedAsync(CancellationToken stop)
    {
        _rows.Release();
        Volatile.Write(ref _buffered, _source.ReleaseIdleMemory());
        try
        {
            Task open;
            lock (_sync)
            {
                open = _state == StreamState.Paused ? _gate!.WaitLocked(stop) : Task.CompletedTask;
            }

            await open.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The loop sees the stop and ends the stream with its reason.
        }
    }

    private CancellationTokenSource EnsureStop()
    {
        if (Volatile.Read(ref _stop) is { } stop)
        {
            return stop;
        }

        var made = new CancellationTokenSource();
        stop = Interlocked.CompareExchange(ref _stop, made, null) ?? made;

        // A stopper that found no source to cancel has left its reason before it looked.
        if (Volatile.Read(ref _stopReason) != (byte)StopReason.None)
        {
            stop.Cancel();
        }

        return stop;
    }

    private void ThrowCannotEnter()
    {
        ObjectDisposedException.ThrowIf(_lease.IsClosed, this);
        throw new InvalidOperationException("Another read of this stream is under way. A stream has one reader at a time.");
    }
}
