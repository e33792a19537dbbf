using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Bridging;

public sealed partial class BridgeSession
{
    private BridgeEnd _end;
    private PendingEnd? _pending;
    private Deadline? _idle;

    /// <summary>True for the one caller whose reason the session ends for; the close goes on by itself.</summary>
    internal bool TryEnd(BridgeEnd end, Exception? failure = null)
    {
        if (!TryTransition(BridgeState.Closing, out BridgeState from))
        {
            return false;
        }

        _end = end;
        if (failure is not null)
        {
            _errors.Add(failure);
            Log(end, failure);
        }

        // Not on the caller's stack: it may be one of the loops that the close waits for.
        ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work.Session.CloseCoreAsync(work.From), (Session: this, From: from), preferLocal: false);
        return true;
    }

    /// <summary>Ends the session in a while, unless it ends by itself before: one side is gone, and what it had sent is still being delivered. The first reason stands.</summary>
    private void EndSoon(BridgeEnd end, Exception? failure = null)
    {
        var pending = new PendingEnd(this, end, failure);
        if (!IsEnding && Interlocked.CompareExchange(ref _pending, pending, null) is null)
        {
            pending.Deadline.Schedule(MonotonicClock.After(_wheel.Clock.Now, _options.FlushTime));
        }
    }

    private void WatchIdleness()
    {
        if (_options.IdleTimeout != Timeout.InfiniteTimeSpan)
        {
            var idle = new Deadline(_wheel, static session => ((BridgeSession)session!).OnIdleDeadline(), this);
            Volatile.Write(ref _idle, idle);
            idle.Schedule(MonotonicClock.After(_wheel.Clock.Now, _options.IdleTimeout));
        }
    }

    private void OnIdleDeadline()
    {
        if (IsEnding)
        {
            return;
        }

        TimeSpan left = _options.IdleTimeout - (IsPaused ? TimeSpan.Zero : _time.GetElapsedTime(Volatile.Read(ref _lastActivity)));
        if (left <= TimeSpan.Zero)
        {
            TryEnd(BridgeEnd.Idle);
        }
        else
        {
            _idle!.Schedule(MonotonicClock.After(_wheel.Clock.Now, left));
        }
    }

    private void Log(BridgeEnd end, Exception failure)
    {
        // Clients vanish every day; only what is wrong here or behind here is worth a warning.
        if (end == BridgeEnd.ClientLost)
        {
            BridgeLog.ClientLost(_options.Logger, Id, Endpoint, failure);
        }
        else
        {
            BridgeLog.Failed(_options.Logger, Id, Endpoint, end, failure);
        }
    }

    private async Task CloseCoreAsync(BridgeState from)
    {
        bool wasStarted = from != BridgeState.Created;
        int code = CloseCodes.CodeOf(_end);
        string reason = CloseCodes.ReasonOf(_end);

        await StepAsync(() => new ValueTask(_stop.CancelAsync())).ConfigureAwait(false);
        _toBackend.Close();
        _toClient.Close();
        _gate.OpenForGood();
        Volatile.Read(ref _pending)?.Deadline.Cancel();
        Volatile.Read(ref _idle)?.Cancel();

        bool isReachable = _end is not (BridgeEnd.ClientLost or BridgeEnd.QueueBlocked);
        if (wasStarted && !await StopPumpsAsync(isReachable).ConfigureAwait(false))
        {
            isReachable = false;
        }

        await StepAsync(_backend.DisposeAsync).ConfigureAwait(false);
        if (isReachable)
        {
            await StepAsync(() => SayGoodbyeAsync(code, reason, wasStarted)).ConfigureAwait(false);
        }

        await StepAsync(() => ReleaseClientAsync(wasStarted)).ConfigureAwait(false);
        _stop.Dispose();

        TryTransition(BridgeState.Closed, out _);
        var result = new BridgeResult
        {
            Id = Id,
            End = _end,
            CloseCode = code,
            CloseReason = reason,
            ExitStatus = _exitStatus,
            Errors = _errors.ToArray(),
            Statistics = GetStatistics(),
        };
        BridgeLog.Ended(_options.Logger, Id, Endpoint, Backend, _end, result.Statistics.BytesToClient, result.Statistics.BytesToBackend);
        _onClosed(this, result);
        _completion.SetResult(result);
    }

    /// <summary>Waits for the pumps. One that is stuck in a send to a client that takes nothing is freed by cutting the client off.</summary>
    /// <returns>False when the client had to be cut off.</returns>
    private async Task<bool> StopPumpsAsync(bool isReachable)
    {
        TimeSpan patience = _end is BridgeEnd.ClientClosed or BridgeEnd.ClientProtocolError ? _options.FlushTime : _options.CloseTimeout;
        if (isReachable && await EndsWithinAsync(_pumpsEnded.Task, patience).ConfigureAwait(false))
        {
            return true;
        }

        _client.Abort();
        if (!await EndsWithinAsync(_pumpsEnded.Task, _options.CloseTimeout).ConfigureAwait(false))
        {
            _errors.Add(new StreamRuntimeException(ErrorKind.Timeout, $"The session's pumps did not end within {_options.CloseTimeout.TotalSeconds:0.###} s (CloseTimeout)."));
        }

        return false;
    }

    /// <summary>Sends the close code and waits for the client's answer, which the reader sees.</summary>
    private async ValueTask SayGoodbyeAsync(int code, string reason, bool wasStarted)
    {
        using var timeout = new CancellationTokenSource(_options.CloseTimeout, _time);
        await _client.CloseAsync(code, reason, timeout.Token).ConfigureAwait(false);
        if (wasStarted)
        {
            await EndsWithinAsync(_readerEnded.Task, _options.CloseTimeout).ConfigureAwait(false);
        }
    }

    private async ValueTask ReleaseClientAsync(bool wasStarted)
    {
        try
        {
            if (wasStarted && !_readerEnded.Task.IsCompleted)
            {
                _client.Abort();
                await _readerEnded.Task.WaitAsync(_options.CloseTimeout, _time).ConfigureAwait(false);
            }
        }
        finally
        {
            await _client.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>One step of the close: bounded in time, and whatever fails in it is kept for the result.</summary>
    private async Task StepAsync(Func<ValueTask> step)
    {
        try
        {
            // A client's step is made of two bounded waits; twice the time never cuts either of them short.
            await step().AsTask().WaitAsync(2 * _options.CloseTimeout, _time).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The next step is taken whatever it was, and it is in the result.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _errors.Add(failure);
        }
    }

    private async Task<bool> EndsWithinAsync(Task task, TimeSpan time)
    {
        try
        {
            await task.WaitAsync(time, _time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private sealed class PendingEnd
    {
        private readonly BridgeSession _session;
        private readonly BridgeEnd _end;
        private readonly Exception? _failure;

        public PendingEnd(BridgeSession session, BridgeEnd end, Exception? failure)
        {
            _session = session;
            _end = end;
            _failure = failure;
            Deadline = new Deadline(session._wheel, static pending => ((PendingEnd)pending!).Run(), this);
        }

        public Deadline Deadline { get; }

        private void Run() => _session.TryEnd(_end, _failure);
    }
}
