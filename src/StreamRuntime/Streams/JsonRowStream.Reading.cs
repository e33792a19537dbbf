using System.Runtime.CompilerServices;

namespace StreamRuntime.Streams;

public sealed partial class JsonRowStream
{
    /// <summary>Receives until there is a row, and waits while paused. False at the end of the result.</summary>
    /// <param name="whole">True to hand the batch out as one.</param>
    /// <param name="cancellationToken">Stops the stream.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadBatchCoreAsync(bool whole, CancellationToken cancellationToken)
    {
        if (!_lease.TryEnter())
        {
            ThrowCannotEnter();
        }

        // All of it in one method: most streams of a server wait here, and each further method would hold something for each of them.
        CancellationTokenRegistration registration = default;
        try
        {
            if (_cursor < _ready)
            {
                // An enumeration was left in the middle of a batch; its other rows come first.
                if (whole)
                {
                    _rows.DropFirst(_cursor);
                    DeliverBatch();
                }

                return true;
            }

            if (cancellationToken.CanBeCanceled)
            {
                registration = cancellationToken.UnsafeRegister(static stream => ((JsonRowStream)stream!).Stop(StopReason.Caller), this);
            }

            BeginReceive();
            long heldBefore = 0;
            bool silent = false;
            while (true)
            {
                if (_failure is Exception earlier)
                {
                    await FailAsync(earlier, cancellationToken).ConfigureAwait(false);
                }

                if (_sourceEnded)
                {
                    await CompleteAsync().ConfigureAwait(false);
                    return false;
                }

                CancellationToken stop = EnsureStop().Token;
                Volatile.Write(ref _phase, Deciding);
                StreamState state = _state.Value;
                if (state != StreamState.Running || stop.IsCancellationRequested || IsAway)
                {
                    if (TryForgetInterruption(stop))
                    {
                        continue;
                    }

                    Volatile.Write(ref _phase, Outside);
                    if (state is (StreamState.Running or StreamState.Paused) && !stop.IsCancellationRequested)
                    {
                        await WaitWhilePausedAsync(stop).ConfigureAwait(false);
                        _clock?.Progressed();
                        continue;
                    }

                    await FailAsync(new OperationCanceledException(stop), cancellationToken).ConfigureAwait(false);
                }

                if (silent)
                {
                    EnsureClock().BeginWait();
                }

                bool more;
                long filteredBefore = _rows.Filtered;
                try
                {
                    ValueTask<bool> receive = _source.ReceiveAsync(_rows, stop);
                    Volatile.Write(ref _phase, Receiving);
                    if (!receive.IsCompleted && !silent)
                    {
                        EnsureClock().BeginWait();
                    }

                    more = await receive.ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (TryForgetInterruption(stop))
                {
                    // For parking: what was received so far is delivered, and without any the reader waits until the stream is opened again.
                    more = true;
                }
                catch (Exception failure) when (_rows.Count > 0 && _stopReason == (byte)StopReason.None)
                {
                    // Rows before an error are delivered first; the next read throws it.
                    _failure = failure;
                    more = true;
                }
                catch (Exception failure)
                {
                    Volatile.Write(ref _phase, Outside);
                    _clock?.EndWait(progressed: true);
                    await FailAsync(failure, cancellationToken).ConfigureAwait(false);
                    throw;
                }

                Volatile.Write(ref _phase, Outside);
                _sourceEnded = !more;
                if (EndReceive(filteredBefore, ref heldBefore, ref silent))
                {
                    Received(whole);
                    return true;
                }
            }
        }
        finally
        {
            registration.Unregister();
            LeaveLease();
        }
    }

    private void BeginReceive()
    {
        Volatile.Write(ref _ready, 0);
        _rows.Clear();
        _cursor = 0;
    }

    /// <summary>True when there is a row. Otherwise decides what counts as progress until there is one.</summary>
    private bool EndReceive(long filteredBefore, ref long heldBefore, ref bool silent)
    {
        long held = _rows.BufferedBytes;
        bool progressedByRow = _rows.Count > 0 || _rows.Filtered != filteredBefore;
        bool progressed = progressedByRow || held - heldBefore >= ProgressBytes;
        _clock?.EndWait(progressed);
        _buffered = held;
        if (held > _peakBuffered)
        {
            _peakBuffered = held;
        }

        if (_rows.Count > 0)
        {
            return true;
        }

        // Nothing whole has come yet. From here on every receive counts as waiting, so that a source which keeps us busy with
        // anything but rows meets the same deadline as a silent one. Rows that the predicate dropped are rows.
        silent = !progressedByRow;
        EnsureClock();
        heldBefore = progressed ? held : Math.Min(heldBefore, held);
        _rows.Clear();
        return false;
    }

    private void Received(bool whole)
    {
        if (_firstRowAt == 0)
        {
            Volatile.Write(ref _firstRowAt, Math.Max(1, _options.TimeProvider.GetTimestamp()));
            if (StreamMetrics.MeasuresTimeToFirstRow)
            {
                StreamMetrics.FirstRow(_options.TimeProvider.GetElapsedTime(_startedAt, _firstRowAt));
            }
        }

        Volatile.Write(ref _rowsReceived, _rowsReceived + _rows.Count);
        Volatile.Write(ref _ready, _rows.Count);
        if (whole)
        {
            DeliverBatch();
        }
    }

    private void DeliverBatch()
    {
        _ready = _rows.Count;
        _cursor = _ready;
        _rows.IsHandedOut = true;
        Volatile.Write(ref _rowsDelivered, _rowsDelivered + _rows.Count);
        Volatile.Write(ref _bytesDelivered, _bytesDelivered + _rows.RowBytes);
    }

    private Task WaitWhilePausedAsync(CancellationToken stop) => IsAway ? WaitWhileAwayAsync() : WaitAtGateAsync(stop);

    private async Task WaitAtGateAsync(CancellationToken stop)
    {
        // A pause may be long and there may be many of them: what is kept meanwhile is the machinery, and the beginning of a row if there is one.
        _rows.Release();
        Volatile.Write(ref _buffered, _source.ReleaseIdleMemory());
        try
        {
            await Volatile.Read(ref _gate)!.WaitAsync(ref _state, stop).ConfigureAwait(false);
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

    private ReceiveClock EnsureClock()
    {
        if (_clock is null)
        {
            Volatile.Write(ref _clock, new ReceiveClock(
                this, _options.TimeProvider, _options.ProgressTimeout, _options.TotalTimeout, Volatile.Read(ref _gate)?.WaitedBefore ?? default));
        }

        return _clock!;
    }

    private void ThrowCannotEnter()
    {
        ObjectDisposedException.ThrowIf(_lease.IsClosed, this);
        ThrowConcurrentRead();
    }

    private sealed class RowEnumerator(JsonRowStream stream, CancellationToken cancellationToken) : IAsyncEnumerator<JsonRow>
    {
        private readonly JsonRowStream _stream = stream;
        private readonly CancellationToken _cancellationToken = cancellationToken;
        private bool _disposed;

        public JsonRow Current { get; private set; }

        public ValueTask<bool> MoveNextAsync()
        {
            JsonRowStream stream = _stream;
            int next = stream._cursor;
            return next < Volatile.Read(ref stream._ready) && !_disposed && TryTake(stream, next) ? new ValueTask<bool>(true) : MoveNextSlowAsync();
        }

        public ValueTask DisposeAsync()
        {
            if (!_disposed)
            {
                _disposed = true;
                Volatile.Write(ref _stream._enumerating, 0);
            }

            return default;
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        private async ValueTask<bool> MoveNextSlowAsync()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            do
            {
                if (!await _stream.ReadBatchCoreAsync(whole: false, _cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }
            while (!TryTake(_stream, _stream._cursor));
            return true;
        }

        /// <summary>False when the rows were dropped on the way here, since the stream was parked or disposed.</summary>
        private bool TryTake(JsonRowStream stream, int index)
        {
            // The row is claimed before the look that says whether it may be taken, and counted as delivered last. Whoever drops the rows first says that none may be taken,
            // then has every processor pass a barrier, and then waits until what is claimed and what is counted agree: from there on both stand.
            Volatile.Write(ref stream._cursor, index + 1);
            if (index >= Volatile.Read(ref stream._ready))
            {
                Volatile.Write(ref stream._cursor, index);
                return false;
            }

            RowSpan row = stream._rows.Rows[index];
            Current = new JsonRow(stream._rows.Bytes, row.Offset, row.Length);
            Volatile.Write(ref stream._bytesDelivered, stream._bytesDelivered + row.Length);
            Volatile.Write(ref stream._rowsDelivered, stream._rowsDelivered + 1);
            return true;
        }
    }
}
