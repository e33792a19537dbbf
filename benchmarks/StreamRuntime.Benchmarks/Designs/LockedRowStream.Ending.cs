using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Designs;

internal sealed partial class LockedRowStream
{
    private int _disposing;
    private bool _disposed;
    private TaskCompletionSource? _disposal;
    private ExceptionDispatchInfo? _error;

    /// <summary>As <see cref="JsonRowStream.DisposeAsync"/>.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposing, 1) != 0)
        {
            return new ValueTask(WaitUntilDisposedAsync());
        }

        Stop(StopReason.Disposed);
        return DisposeCoreAsync();
    }

    private void Stop(StopReason reason)
    {
        Interlocked.CompareExchange(ref _stopReason, (byte)reason, (byte)StopReason.None);
        if (Volatile.Read(ref _stop) is { } stop)
        {
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException) when (Volatile.Read(ref _endedAt) != 0)
            {
                // The stream ended in the meantime, so there is nothing left to stop.
            }
            catch (AggregateException failure)
            {
                StreamLog.SourceNotStopped(_options.Logger, failure);
            }
        }
    }

    private async ValueTask CompleteAsync()
    {
        await DisposeSourceAsync().ConfigureAwait(false);
        End(StreamState.Complete);
        _rows.Release();
        _buffered = 0;
    }

    [DoesNotReturn]
    private async ValueTask FailAsync(Exception failure, CancellationToken cancellationToken)
    {
        if (_error is null)
        {
            ExceptionDispatchInfo error = ExceptionDispatchInfo.Capture(Translate(failure, cancellationToken));
            if (!End(StreamState.Error, error.SourceException))
            {
                error = _error ?? error;
            }

            _error = error;
            _rows.Release();
            _buffered = 0;
            await DisposeSourceAsync().ConfigureAwait(false);
        }

        _error.Throw();
    }

    private bool End(StreamState end, Exception? error = null)
    {
        bool wake = false;
        lock (_sync)
        {
            if (_state is StreamState.Complete or StreamState.Error)
            {
                return false;
            }

            _state = end;
            if (_gate is not null)
            {
                wake = _gate.OpenLocked(out _);
                _gate.StopTimerLocked();
            }
        }

        Volatile.Write(ref _endedAt, Math.Max(1, _options.TimeProvider.GetTimestamp()));
        if (wake)
        {
            _gate!.Wake();
        }

        if (end == StreamState.Complete)
        {
            StreamLog.Completed(_options.Logger, _rowsDelivered, _bytesDelivered);
        }
        else
        {
            StreamLog.Failed(_options.Logger, _rowsDelivered, error?.GetType().Name ?? nameof(ObjectDisposedException));
        }

        return true;
    }

    private Exception Translate(Exception failure, CancellationToken cancellationToken) => (StopReason)_stopReason switch
    {
        StopReason.Caller => new OperationCanceledException("Reading the stream was cancelled.", failure, cancellationToken),
        StopReason.Disposed => new ObjectDisposedException(nameof(LockedRowStream), failure),
        _ => failure,
    };

    private async ValueTask DisposeSourceAsync()
    {
        if (!_sourceDisposed)
        {
            _sourceDisposed = true;
            try
            {
                await _source.DisposeAsync().ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A source that fails to close must not hide how the stream ended, so it is logged.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                StreamLog.SourceNotClosed(_options.Logger, failure);
            }
        }
    }

    private async ValueTask DisposeCoreAsync()
    {
        try
        {
            await _lease.CloseAsync().ConfigureAwait(false);

            // Nobody reads any more, so everything the reader owned is ours.
            if (End(StreamState.Error))
            {
                _error ??= ExceptionDispatchInfo.Capture(new ObjectDisposedException(nameof(LockedRowStream)));
            }

            await DisposeSourceAsync().ConfigureAwait(false);

            // A consumer on another thread may still look at the rows of an unfinished stream; those are left to the collector.
            if (_rows.Count == 0)
            {
                _rows.Release();
            }

            Volatile.Write(ref _buffered, 0);
            _stop?.Dispose();
        }
        finally
        {
            Volatile.Write(ref _disposed, true);
            Interlocked.MemoryBarrier();
            Volatile.Read(ref _disposal)?.TrySetResult();
        }
    }

    private async Task WaitUntilDisposedAsync()
    {
        var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource disposal = Interlocked.CompareExchange(ref _disposal, made, null) ?? made;
        if (Volatile.Read(ref _disposed))
        {
            disposal.TrySetResult();
        }

        await disposal.Task.ConfigureAwait(false);
    }
}
