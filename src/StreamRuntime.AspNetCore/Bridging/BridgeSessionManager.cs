using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Holds the sessions that run: their limit, their figures, and their common end.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class BridgeSessionManager : IAsyncDisposable
{
    private readonly ConcurrentDictionary<long, BridgeSession> _sessions = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _totalsLock = new();
    private readonly BridgePools _pools;
    private readonly Gateway _gateway;
    private readonly BridgeMetrics _metrics;
    private long _started;
    private long _refused;
    private int _places;
    private bool _isClosing;

    // Of the sessions that have ended; guarded by the lock, together with their leaving the list.
    private Ended _ended;

    internal BridgeSessionManager(BridgeOptions options, Gateway gateway)
        : this(options, gateway, BridgePools.Shared)
    {
    }

    internal BridgeSessionManager(BridgeOptions options, Gateway gateway, BridgePools pools)
    {
        options.Validate();
        Options = options;
        SocketOptions = gateway.Options with { IdleTimeout = options.IdleTimeout };
        _gateway = gateway;
        _pools = pools;
        _metrics = new BridgeMetrics(GetTotals);
    }

    /// <summary>How the sessions behave.</summary>
    public BridgeOptions Options { get; }

    /// <summary>How many sessions hold a place.</summary>
    public int Count => Volatile.Read(ref _places);

    /// <summary>The sessions that run, as of now.</summary>
    public IReadOnlyCollection<BridgeSession> Sessions => [.. _sessions.Values];

    /// <summary>The gateway's options with the bridges' own idle time.</summary>
    internal StreamGatewayOptions SocketOptions { get; }

    /// <summary>What its metrics are on; other managers have meters of the same name.</summary>
    internal Meter Meter => _metrics.Meter;

    /// <summary>The session of a number; null when it has ended or never was.</summary>
    /// <param name="id">The number.</param>
    public BridgeSession? Find(long id) => _sessions.GetValueOrDefault(id);

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
                Started = Volatile.Read(ref _started),
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
            BridgeLog.ClosingAll(_gateway.Logger, Count);
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

    /// <summary>Closes all sessions and waits for the last.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAllAsync().ConfigureAwait(false);
        _metrics.Dispose();
    }

    /// <summary>Takes a place for a session, before any work is done for it. Whoever has one makes a session, or gives it back.</summary>
    internal Refusal TryTakePlace()
    {
        // Counted before the flag is looked at: whoever closes sets it before it looks at the count. One of them sees the other.
        bool isRoom = Interlocked.Increment(ref _places) <= Options.MaxSessions;
        Refusal refusal = Volatile.Read(ref _isClosing) ? Refusal.ShuttingDown : isRoom ? Refusal.None : Refusal.TooManyBridges;
        if (refusal != Refusal.None)
        {
            Interlocked.Increment(ref _refused);
            _metrics.Refused();
            GiveBackPlace();
        }

        return refusal;
    }

    internal void GiveBackPlace()
    {
        if (Interlocked.Decrement(ref _places) == 0 && Volatile.Read(ref _isClosing))
        {
            _empty.TrySetResult();
        }
    }

    /// <summary>Makes a session in a place that was taken.</summary>
    internal BridgeSession Create(long id, IBridgeClient client, IBridgeBackend backend, string endpoint)
    {
        var session = new BridgeSession(id, endpoint, client, backend, Options, _pools, _gateway, OnClosed);
        Interlocked.Increment(ref _started);
        _sessions[session.Id] = session;
        if (Volatile.Read(ref _isClosing))
        {
            session.TryEnd(BridgeEnd.Shutdown);
        }

        return session;
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
