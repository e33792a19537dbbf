using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace StreamRuntime.Streams;

public sealed partial class JsonRowStream
{
    private byte _disposing;
    private bool _disposed;
    private TaskCompletionSource? _disposal;

    /// <summary>Tells the stream to stop before its end; whoever reads it then ends it. The first reason wins.</summary>
    internal void Stop(StopReason reason)
    {
        Interlocked.CompareExchange(ref _stopReason, (byte)reason, (byte)StopReason.None);
        _gate?.LetReaderGo();
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
                // A source's own reaction failed. Every other one has run, and whoever stops the stream (a disposer, a timer) is not to blame.
                StreamLog.SourceNotStopped(_options.Logger, failure);
            }
        }
    }

    private async ValueTask CompleteAsync()
    {
        await DisposeSourceAsync(StreamState.Complete, null).ConfigureAwait(false);
        End(StreamState.Complete);
        _rows.Release();
        _buffered = 0;
    }

    [DoesNotReturn]
    private async ValueTask FailAsync(Exception failure, CancellationToken cancellationToken)
    {
        if (_failure is not ExceptionDispatchInfo error)
        {
            // The state first: nobody may take the stream for live while its source is being let go.
            error = ExceptionDispatchInfo.Capture(Translate(failure, cancellationToken));
            if (!End(StreamState.Error, error.SourceException))
            {
                error = _failure as ExceptionDispatchInfo ?? error;
            }

            _failure = error;
            RememberPlace(isReader: true);
            _rows.Release();
            _buffered = 0;
            await DisposeSourceAsync(StreamState.Error, error.SourceException).ConfigureAwait(false);
        }

        error.Throw();
    }

    private bool End(StreamState end, Exception? error = null)
    {
        if (!_state.TryEnd(end))
        {
            return false;
        }

        Volatile.Write(ref _endedAt, Math.Max(1, _options.TimeProvider.GetTimestamp()));
        Volatile.Read(ref _gate)?.Open();
        _clock?.Dispose();
        LiveStreams.Remove(this);
        if (StreamMetrics.MeasuresDuration)
        {
            StreamMetrics.Ended(_options.TimeProvider.GetElapsedTime(_startedAt, _endedAt), end, error);
        }

        StreamEvents.Ended(Id, this, end, error);
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
        StopReason.Disposed => new ObjectDisposedException(nameof(JsonRowStream), failure),
        StopReason.ProgressTimeout => new StreamRuntimeException(
            ErrorKind.Timeout,
            $"The source made no progress for {_options.ProgressTimeout.TotalSeconds:0.###} s (ProgressTimeout). Raise it for queries that need longer between rows.",
            failure,
            isTransient: true),
        StopReason.TotalTimeout => new StreamRuntimeException(
            ErrorKind.Timeout,
            $"The source was waited for longer than {_options.TotalTimeout.TotalSeconds:0.###} s in all (TotalTimeout).",
            failure,
            isTransient: true),
        _ => failure,
    };

    private ValueTask DisposeSourceAsync(StreamState end, Exception? error) =>
        _gate?.Parking is null ? DisposeOpenSourceAsync(end, error) : DisposeParkableSourceAsync(end, error);

    private async ValueTask DisposeOpenSourceAsync(StreamState end, Exception? error)
    {
        if (!_sourceDisposed)
        {
            _sourceDisposed = true;
            try
            {
                try
                {
                    _source.Ending(end, error);
                }
                finally
                {
                    await _source.DisposeAsync().ConfigureAwait(false);
                }
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
            bool early = End(StreamState.Error);
            var error = _failure as ExceptionDispatchInfo;
            if (early)
            {
                _failure = error ?? ExceptionDispatchInfo.Capture(new ObjectDisposedException(nameof(JsonRowStream)));
            }

            RememberPlace(isReader: false);
            await DisposeSourceAsync(StreamState.Error, early ? null : error?.SourceException).ConfigureAwait(false);
            _clock?.Dispose();

            Volatile.Write(ref _ready, 0);

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
