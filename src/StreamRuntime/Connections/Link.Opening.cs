using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

/// <content>One attempt to connect.</content>
public sealed partial class Link<TEndpoint, TConnection>
{
    /// <summary>Takes note of an attempt's error; false if the attempt had been given up.</summary>
    private bool TryFail(Opening opening, Exception error)
    {
        var action = LinkAction<TEndpoint>.ConnectionFailed(error, isFinal: !IsRetryable(opening, error));
        if (!TryDispatch(action, opening, null, out _, out Snapshot? after))
        {
            return false;
        }

        if (after.State!.IsPermanentFailure)
        {
            after.Fail(error);
            LinkLog.FailedPermanently(_options.Logger, opening.State.Attempt, opening.State.MaxAttempts, opening.State.Endpoint!, error);
        }

        return true;
    }

    // An answer that fails is none, and must not leave the link connecting for ever.
    private bool IsRetryable(Opening opening, Exception error)
    {
        try
        {
            return _options.IsRetryable(error);
        }
        catch (Exception failure)
        {
            LinkLog.IsRetryableFailed(_options.Logger, opening.State.Endpoint!, failure);
            return true;
        }
    }

    private async Task OpenedAsync(Opening opening, TConnection connection)
    {
        if (TryDispatch(LinkAction<TEndpoint>.Connected, opening, connection, out _, out Snapshot? after))
        {
            after.Outcome!.TrySetResult(connection);
            return;
        }

        Interlocked.Increment(ref _lateResults);
        LinkLog.LateConnection(_options.Logger, opening.State.Attempt, opening.State.Endpoint!);
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LinkLog.LateConnectionNotClosed(_options.Logger, opening.State.Endpoint!, failure);
        }
    }

    [SuppressMessage("Reliability", "CA1001", Justification = "A CancellationTokenSource without a timer holds nothing to dispose, and a late cancel must still find it.")]
    private sealed class Opening : Work, IThreadPoolWorkItem
    {
        private readonly Link<TEndpoint, TConnection> _link;
        private readonly CancellationTokenSource _abandoned = new();
        private readonly Deadline _timeout;
        private int _phase;

        public Opening(Link<TEndpoint, TConnection> link, LinkState<TEndpoint> state)
        {
            _link = link;
            State = state;
            _timeout = new Deadline(link._wheel, static opening => ((Opening)opening!).TimeOut(), this);
        }

        public LinkState<TEndpoint> State { get; }

        public override void Start()
        {
            if (TryMove(Phase.Made, Phase.Queued))
            {
                _timeout.Schedule(MonotonicClock.After(State.Since, _link._options.AttemptTimeout));
                _link._wheel.Queue(this);
            }
        }

        public override void Abandon()
        {
            var before = (Phase)Interlocked.Exchange(ref _phase, (int)Phase.Ended);
            _timeout.Cancel();
            if (before == Phase.Running)
            {
                _ = CancelAsync();
            }
        }

        // Once abandoned, an attempt calls no opener any more; one that is just about to has its token cancelled before it sees it.
        void IThreadPoolWorkItem.Execute()
        {
            if (TryMove(Phase.Queued, Phase.Running) && !_abandoned.IsCancellationRequested)
            {
                _ = RunAsync();
            }
        }

        /// <summary>Runs the attempt to its result; never fails itself.</summary>
        private async Task RunAsync()
        {
            TConnection connection;
            try
            {
                Interlocked.Increment(ref _link._attempts);
                connection = await _link._open(new LinkAttempt<TEndpoint>(State.Endpoint!, State.Attempt, State.MaxAttempts), _abandoned.Token).ConfigureAwait(false)
                    ?? throw new InvalidOperationException("The opener returned no connection.");
            }
            catch (Exception error)
            {
                TryMove(Phase.Running, Phase.Ended);
                if (!_link.TryFail(this, error))
                {
                    Interlocked.Increment(ref _link._lateResults);
                    LinkLog.LateFailure(_link._options.Logger, State.Attempt, State.Endpoint!, error);
                }

                return;
            }

            // From here on the token is not cancelled any more: the connection may have kept it.
            TryMove(Phase.Running, Phase.Ended);
            await _link.OpenedAsync(this, connection).ConfigureAwait(false);
        }

        private void TimeOut() => _link.TryFail(this, new StreamRuntimeException(
            ErrorKind.Timeout,
            $"No connection to {State.Endpoint} within {_link._options.AttemptTimeout.TotalSeconds:0.###} s (AttemptTimeout, attempt {State.Attempt} of {State.MaxAttempts}).",
            isTransient: true));

        /// <summary>Cancels on the thread pool, where the opener's own callbacks hold up nobody; never fails itself.</summary>
        private async Task CancelAsync()
        {
            try
            {
                await _abandoned.CancelAsync().ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                LinkLog.CancellationFailed(_link._options.Logger, State.Endpoint!, failure);
            }
        }

        private bool TryMove(Phase from, Phase to) => Interlocked.CompareExchange(ref _phase, (int)to, (int)from) == (int)from;

        private enum Phase
        {
            Made,
            Queued,
            Running,
            Ended,
        }
    }

    /// <summary>The wait between two attempts.</summary>
    private sealed class BackOff : Work
    {
        private readonly Link<TEndpoint, TConnection> _link;
        private readonly LinkState<TEndpoint> _state;
        private readonly Deadline _end;

        public BackOff(Link<TEndpoint, TConnection> link, LinkState<TEndpoint> state)
        {
            _link = link;
            _state = state;
            _end = new Deadline(link._wheel, static backOff => ((BackOff)backOff!).End(), this);
        }

        public override void Start()
        {
            TimeSpan wait = RetrySchedule.WaitAfter(
                _link._options, _state.Attempt, RetrySchedule.Chance(_link._jitterSeed, Interlocked.Increment(ref _link._backOffs)));
            LinkLog.RetriedLater(_link._options.Logger, _state.Attempt, _state.MaxAttempts, _state.Endpoint!, wait.TotalMilliseconds, _state.Error!);
            _end.Schedule(MonotonicClock.After(_state.Since, wait));
        }

        public override void Abandon() => _end.Cancel();

        private void End() => _link.TryDispatch(LinkAction<TEndpoint>.Retry, this, null, out _, out _);
    }
}
