using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.WebSockets;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Holds the sessions that run: their limit, their figures, and their common end.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class BridgeSessionManager : IAsyncDisposable
{
    private readonly ConcurrentDictionary<long, BridgeSession> _sessions = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _totalsLock = new();
    private readonly BridgePools _pools;
    private readonly ArrayPool<byte> _bytes;
    private readonly TimingWheel _wheel;
    private readonly BridgeMetrics _metrics;
    private long _lastId;
    private long _refused;
    private int _places;
    private bool _isClosing;

    // Of the sessions that have ended; guarded by the lock, together with their leaving the list.
    private Ended _ended;

    /// <summary>Makes a manager without sessions.</summary>
    /// <param name="options">How its sessions behave; <see cref="BridgeOptions.Default"/> when null.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option is out of its range.</exception>
    public BridgeSessionManager(BridgeOptions? options = null)
        : this(options ?? BridgeOptions.Default, BridgePools.Shared, ArrayPool<byte>.Shared)
    {
    }

    internal BridgeSessionManager(BridgeOptions options, BridgePools pools, ArrayPool<byte> bytes)
    {
        options.Validate();
        Options = options;
        _pools = pools;
        _bytes = bytes;
        _wheel = new TimingWheel(options.TimeProvider, options.TimerGranularity);
        _metrics = new BridgeMetrics(GetTotals);
    }

    /// <summary>How the sessions behave.</summary>
    public BridgeOptions Options { get; }

    /// <summary>How many sessions hold a place.</summary>
    public int Count => Volatile.Read(ref _places);

    /// <summary>The sessions that run, as of now.</summary>
    public IReadOnlyCollection<BridgeSession> Sessions => [.. _sessions.Values];

    /// <summary>What its metrics are on; other managers have meters of the same name.</summary>
    internal Meter Meter => _metrics.Meter;

    /// <summary>The session of a number; null when it has ended or never was.</summary>
    /// <param name="id">The number.</param>
    public BridgeSession? Find(long id) => _sessions.GetValueOrDefault(id);

    /// <summary>Joins a WebSocket to a backend, and runs the session to its end.</summary>
    /// <param name="socket">The client, open; disposed with the session, or at once when there is no place.</param>
    /// <param name="backend">The backend, not connected yet; disposed with the session, or at once when there is no place.</param>
    /// <param name="endpoint">A name for statistics and the log; must not hold secrets.</param>
    /// <returns>What became of it. Its errors are in there.</returns>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.ConnectFailed"/>, transient: there is no place, or the manager is closing.</exception>
    public async Task<BridgeResult> RunAsync(WebSocket socket, IBridgeBackend backend, string endpoint)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(endpoint);
        if (!TryTakePlace(endpoint, out string refusal))
        {
            await using (backend.ConfigureAwait(false))
            {
                using var timeout = new CancellationTokenSource(Options.CloseTimeout, Options.TimeProvider);
                using (socket)
                {
                    await socket.CloseOutputAsync((WebSocketCloseStatus)1013, refusal, timeout.Token).ConfigureAwait(false);
                }
            }

            throw new StreamRuntimeException(ErrorKind.ConnectFailed, refusal, isTransient: true);
        }

        return await RunInPlaceAsync(socket, backend, endpoint).ConfigureAwait(false);
    }

    /// <summary>What all sessions have done so far.</summary>
    public BridgeTotals GetTotals()
    {
        lock (_totalsLock)
        {
            Ended sum = _ended;
            int paused = 0;
            foreach (BridgeSession session in _sessions.Values)
            {
                sum.Add(session.GetStatistics());
                paused += session.IsPaused ? 1 : 0;
            }

            return new BridgeTotals
            {
                Active = Count,
                Paused = paused,
                Started = Volatile.Read(ref _lastId),
                Ended = _ended.Sessions,
                Refused = Volatile.Read(ref _refused),
                BytesToClients = sum.BytesToClients,
                MessagesToClients = sum.MessagesToClients,
                BytesToBackends = sum.BytesToBackends,
                MessagesToBackends = sum.MessagesToBackends,
                Pauses = sum.Pauses,
            };
        }
    }

    /// <summary>Refuses new sessions from now on, and closes all there are at once, each by 1001. May be called any number of times.</summary>
    /// <returns>Completes when the last one is out.</returns>
    public Task CloseAllAsync()
    {
        // Written before the list and the count are looked at, as they are written before this is: whoever comes in meanwhile sees it or is seen.
        if (!Interlocked.Exchange(ref _isClosing, true))
        {
            BridgeLog.ClosingAll(Options.Logger, Count);
        }

        foreach (BridgeSession session in _sessions.Values)
        {
            session.TryEnd(BridgeEnd.Shutdown);
        }

        if (Count == 0)
        {
            _empty.TrySetResult();
        }

        return _empty.Task;
    }

    /// <summary>Closes all sessions, waits for the last, and lets go of the timers.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAllAsync().ConfigureAwait(false);
        _wheel.Dispose();
        _metrics.Dispose();
    }

    /// <summary>Takes a place for a session, before any work is done for it. Whoever has one makes a session, or gives it back.</summary>
    internal bool TryTakePlace(string endpoint, out string refusal)
    {
        refusal = "";
        if (Interlocked.Increment(ref _places) > Options.MaxSessions)
        {
            refusal = $"There are {Options.MaxSessions} sessions already (MaxSessions).";
        }
        else if (Volatile.Read(ref _isClosing))
        {
            refusal = "The server shuts down.";
        }
        else
        {
            return true;
        }

        Interlocked.Increment(ref _refused);
        _metrics.Refused();
        BridgeLog.Refused(Options.Logger, endpoint, refusal);
        GiveBackPlace();
        return false;
    }

    internal void GiveBackPlace()
    {
        if (Interlocked.Decrement(ref _places) == 0 && Volatile.Read(ref _isClosing))
        {
            _empty.TrySetResult();
        }
    }

    internal Task<BridgeResult> RunInPlaceAsync(WebSocket socket, IBridgeBackend backend, string endpoint) =>
        RunInPlaceAsync(Create(new WebSocketBridgeClient(socket, Options, _wheel.Clock, _bytes), backend, endpoint));

    /// <summary>Makes a session in a place that was taken.</summary>
    internal BridgeSession Create(IBridgeClient client, IBridgeBackend backend, string endpoint)
    {
        var session = new BridgeSession(Interlocked.Increment(ref _lastId), endpoint, client, backend, Options, _pools, _wheel, OnClosed);
        _sessions[session.Id] = session;
        if (Volatile.Read(ref _isClosing))
        {
            session.TryEnd(BridgeEnd.Shutdown);
        }

        return session;
    }

    private static async Task<BridgeResult> RunInPlaceAsync(BridgeSession session)
    {
        await session.StartAsync().ConfigureAwait(false);
        return await session.Completion.ConfigureAwait(false);
    }

    private void OnClosed(BridgeSession session, BridgeResult result)
    {
        lock (_totalsLock)
        {
            if (_sessions.TryRemove(session.Id, out _))
            {
                _ended.Add(result.Statistics);
                _ended.Sessions++;
            }
        }

        _metrics.Ended(result);
        GiveBackPlace();
    }

    private struct Ended
    {
        public long Sessions;
        public long BytesToClients;
        public long MessagesToClients;
        public long BytesToBackends;
        public long MessagesToBackends;
        public long Pauses;

        public void Add(BridgeStatistics statistics)
        {
            BytesToClients += statistics.BytesToClient;
            MessagesToClients += statistics.MessagesToClient;
            BytesToBackends += statistics.BytesToBackend;
            MessagesToBackends += statistics.MessagesToBackend;
            Pauses += statistics.Pauses;
        }
    }
}
