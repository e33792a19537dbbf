using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Bridging;

public sealed partial class BridgeSession
{
    private byte _end;
    private PendingEnd? _pending;

    /// <summary>True for the one caller whose reason the session ends for; the close goes on by itself.</summary>
    internal bool TryEnd(BridgeEnd end, Exception? failure = null)
    {
        if (!TryTransition(BridgeState.Closing, out BridgeState from))
        {
            return false;
        }

        Volatile.Write(ref _end, (byte)end);
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

    private void Log(BridgeEnd end, Exception failure)
    {
        // Clients vanish every day; only what is wrong here or behind here is worth a warning.
        if (end == BridgeEnd.ClientLost)
        {
            BridgeLog.ClientLost(_gateway.Logger, Id, Endpoint, failure);
        }
        else
        {
            BridgeLog.Failed(_gateway.Logger, Id, Endpoint, end, failure);
        }
    }

    private async Task CloseCoreAsync(BridgeState from)
    {
        bool wasStarted = from != BridgeState.Created;
        int code = CloseCodes.CodeOf(End);
        string reason = CloseCodes.ReasonOf(End);

        await StepAsync(() => new ValueTask(_stop.CancelAsync())).ConfigureAwait(false);
        _toBackend.Close();
        _toClient.Close();
        _gate.OpenForGood();
        Volatile.Read(ref _pending)?.Deadline.Cancel();

        if (End == BridgeEnd.ClientLost)
        {
            _client.Abort();
        }

        if (wasStarted)
        {
            await StopPumpsAsync().ConfigureAwait(false);
        }

        await StepAsync(_backend.DisposeAsync).ConfigureAwait(false);
        if (End != BridgeEnd.ClientLost && (!wasStarted || await StopSenderAsync().ConfigureAwait(false)))
        {
            await StepAsync(() => _client.CloseAsync(End, code, reason)).ConfigureAwait(false);
        }

        await StepAsync(() => ReleaseClientAsync(wasStarted)).ConfigureAwait(false);
        _stop.Dispose();

        TryTransition(BridgeState.Closed, out _);
        var result = new BridgeResult
        {
            Id = Id,
            End = End,
            CloseCode = code,
            CloseReason = reason,
            ExitStatus = _exitStatus,
            Errors = _errors.ToArray(),
            Statistics = GetStatistics(),
        };
        BridgeLog.Ended(_gateway.Logger, Id, Endpoint, Backend, End, result.Statistics.BytesToClient, result.Statistics.BytesToBackend);
        _onClosed(this, result);
        _completion.SetResult(result);
    }

    /// <summary>Waits for the pumps that use the backend, which are told to stop and so do at once unless the backend is stuck.</summary>
    private async Task StopPumpsAsync()
    {
        if (!await EndsWithinAsync(_pumpsEnded.Task, _gateway.Options.CloseTimeout).ConfigureAwait(false))
        {
            AddTimeout("pumps");
        }
    }

    /// <summary>
    /// Waits for the sender. It may be stuck in a send to a client that takes nothing; one that takes up again is told why it is closed, and any other is cut off, which frees the sender.
    /// </summary>
    /// <returns>False when the client had to be cut off.</returns>
    private async Task<bool> StopSenderAsync()
    {
        TimeSpan patience = End == BridgeEnd.ClientClosed ? _options.FlushTime : _gateway.Options.CloseTimeout;
        if (await EndsWithinAsync(_senderEnded.Task, patience).ConfigureAwait(false))
        {
            return true;
        }

        _client.Abort();
        if (!await EndsWithinAsync(_senderEnded.Task, _gateway.Options.CloseTimeout).ConfigureAwait(false))
        {
            AddTimeout("sender");
        }

        return false;
    }

    private void AddTimeout(string loop) => _errors.Add(
        new StreamRuntimeException(ErrorKind.Timeout, $"The session's {loop} did not end within {_gateway.Options.CloseTimeout.TotalSeconds:0.###} s (CloseTimeout)."));

    /// <summary>Waits for the client's answer, which its own loop sees, and cuts off one that does not answer.</summary>
    private async ValueTask ReleaseClientAsync(bool wasStarted)
    {
        try
        {
            if (wasStarted && !await EndsWithinAsync(_client.Ended, _gateway.Options.CloseTimeout).ConfigureAwait(false))
            {
                _client.Abort();
                await _client.Ended.WaitAsync(_gateway.Options.CloseTimeout, _time).ConfigureAwait(false);
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
            await step().AsTask().WaitAsync(2 * _gateway.Options.CloseTimeout, _time).ConfigureAwait(false);
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
