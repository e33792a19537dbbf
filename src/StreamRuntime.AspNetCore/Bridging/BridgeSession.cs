using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>One client joined to one backend: bytes move both ways until either side ends, and then everything is released exactly once.</summary>
/// <remarks>Safe for any thread. Pausing, resuming, closing and looking may be done at any time, also before the start and after the end.</remarks>
public sealed partial class BridgeSession : IAsyncDisposable
{
    /*
     * Who does what. Three loops run while a session is active, each with one message at most in its hands; the client's own loop, which reads what it sends, fills _toBackend:
     *   backend pump  _toBackend -> backend
     *   client pump   backend -> _toClient
     *   sender        _toClient -> client
     * Whoever finds a reason to end calls TryEnd. The state's move to Closing picks one of them; its reason stands, and it starts the one close there is. The close stops the
     * pumps, waits for them, releases the backend, then waits for the sender and releases the client, in this order, each step whatever became of the one before.
     */
    private readonly IBridgeClient _client;
    private readonly IBridgeBackend _backend;
    private readonly BridgeOptions _options;
    private readonly BridgePools _pools;
    private readonly Gateway _gateway;
    private readonly TimingWheel _wheel;
    private readonly TimeProvider _time;
    private readonly BridgeQueue _toClient;
    private readonly BridgeQueue _toBackend;
    private readonly PauseGate _gate;
    private readonly ErrorList _errors = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Action<BridgeSession, BridgeResult> _onClosed;
    private readonly TaskCompletionSource<BridgeResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BridgeStateCell _state;
    private StateTimes _times;

    internal BridgeSession(
        long id, string endpoint, IBridgeClient client, IBridgeBackend backend, BridgeOptions options, BridgePools pools, Gateway gateway, Action<BridgeSession, BridgeResult> onClosed)
    {
        Id = id;
        Endpoint = endpoint;
        _client = client;
        _backend = backend;
        _options = options;
        _pools = pools;
        _gateway = gateway;
        _wheel = gateway.Wheel;
        _time = gateway.Options.TimeProvider;
        _onClosed = onClosed;
        _gate = new PauseGate(_time);
        _toClient = new BridgeQueue(pools, options.MaxQueuedBytes, _wheel, options.BlockedWriteTimeout);
        _toBackend = new BridgeQueue(pools, MostHeldBytes + ReceiveSize.Largest, _wheel, Timeout.InfiniteTimeSpan);
        _lastActivity = _time.GetTimestamp();
        _times = new StateTimes(_wheel.Clock.Now);
    }

    /// <summary>The session's number, from 1 up, unique in its gateway; the list of sessions has it by the same.</summary>
    public long Id { get; }

    /// <summary>The endpoint's name.</summary>
    public string Endpoint { get; }

    /// <summary>What sort of backend it has, such as <c>ssh</c>.</summary>
    public string Backend => _backend.Kind;

    /// <summary>Where the session stands: one volatile read of one byte.</summary>
    public BridgeState State => _state.Value;

    /// <summary>True while the session is paused.</summary>
    public bool IsPaused => _gate.IsPaused;

    /// <summary>Completes once the session is closed and everything is released; never fails.</summary>
    public Task<BridgeResult> Completion => _completion.Task;

    /// <summary>Why it is ending, once that is decided.</summary>
    internal BridgeEnd End => (BridgeEnd)Volatile.Read(ref _end);

    private bool IsEnding => State >= BridgeState.Closing;

    /// <summary>Reaches the backend and begins to move bytes.</summary>
    /// <returns>True when the session is active; false when it has ended instead, for the reason that <see cref="Completion"/> has.</returns>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    internal Task<bool> StartAsync()
    {
        if (!TryTransition(BridgeState.Connecting, out BridgeState from))
        {
            return from >= BridgeState.Closing ? Task.FromResult(false) : throw new InvalidOperationException("The session was started before.");
        }

        return RunAsync();
    }

    /// <summary>
    /// Pauses the session: the backend is not read any more, nor is anything passed on to it; what a receive under way brings is held. Bytes that wait for the client already
    /// are still sent. Of the client, 64 KiB are read and held, to find the control messages among them; then it is held back. A client that asked for the pause itself and
    /// sends more than that is closed by 1008, since its word to go on could not be read any more.
    /// </summary>
    /// <returns>True for the one caller that paused it; false when it was paused already or is ending.</returns>
    public bool Pause()
    {
        if (!_gate.TryClose(OnPaused))
        {
            return false;
        }

        BridgeLog.Paused(_gateway.Logger, Id);
        return true;
    }

    /// <summary>Resumes a paused session, at exactly the next byte both ways.</summary>
    /// <returns>True for the one caller that resumed it; false when it was not paused.</returns>
    public bool Resume()
    {
        // Before the gate opens: a pause is no idleness, so the clock of it begins anew.
        if (IsPaused)
        {
            Touch();
            _client.NoteActivity();
        }

        if (!_gate.TryOpen(OnResumed))
        {
            return false;
        }

        BridgeLog.Resumed(_gateway.Logger, Id);
        return true;
    }

    /// <summary>Closes the session, if nobody else has, and waits until everything is released.</summary>
    /// <returns>What became of it, whoever ended it.</returns>
    public Task<BridgeResult> CloseAsync()
    {
        TryEnd(BridgeEnd.Application);
        return Completion;
    }

    /// <summary>The same as <see cref="CloseAsync"/>.</summary>
    public async ValueTask DisposeAsync() => await CloseAsync().ConfigureAwait(false);

    /// <summary>What the session has done so far.</summary>
    public BridgeStatistics GetStatistics() => new()
    {
        Id = Id,
        Endpoint = Endpoint,
        Backend = Backend,
        State = State,
        TimeInState = MeasureStates(),
        Transitions = _times.Transitions,
        SinceLastActivity = _time.GetElapsedTime(Volatile.Read(ref _lastActivity)),
        BytesToClient = Volatile.Read(ref _bytesToClient),
        MessagesToClient = Volatile.Read(ref _messagesToClient),
        BytesToBackend = Volatile.Read(ref _bytesToBackend),
        MessagesToBackend = Volatile.Read(ref _messagesToBackend),
        QueuedMessages = _toClient.Count,
        QueuedBytes = _toClient.Bytes,
        IsPaused = _gate.IsPaused,
        Pauses = _gate.Count,
        PausedTime = _gate.PausedTime,
    };

    private TimeSpan[] MeasureStates()
    {
        var times = new TimeSpan[(int)BridgeState.Closed + 1];
        for (int state = 0; state < (int)BridgeState.Closed; state++)
        {
            times[state] = _times.In(state, _wheel.Clock.Now);
        }

        return times;
    }

    private void OnPaused()
    {
        _toClient.Suspend(true);
        _backend.Pause();
    }

    private void OnResumed()
    {
        Volatile.Write(ref _isPausedByClient, 0);
        _backend.Resume();
        _toClient.Suspend(false);
    }

    private bool TryTransition(BridgeState to, out BridgeState from)
    {
        if (!_state.TryTransition(to, out from))
        {
            return false;
        }

        _times.Enter((int)to, _wheel.Clock.Now);
        return true;
    }
}
