using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.Diagnostics;
using StreamRuntime.Resuming;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>What all sessions of one gateway share: the timers, the limits, the list of them, and how far a shutdown has come.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Gateway : IDisposable
{
    private readonly ConcurrentDictionary<long, GatewaySession> _sessions = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Admission _admission;
    private long _lastId;
    private int _inside;
    private byte _phase;

    public Gateway(StreamGatewayOptions options, ILogger logger, ResumeTokenOptions? tokens = null)
    {
        options.Validate();
        Tokens = tokens;
        Options = options;
        Logger = logger;
        Wheel = new TimingWheel(options.TimeProvider, options.TimerGranularity);
        Streams = new StreamSlots(options.MaxRunningStreams, options.MaxPausedStreams);
        Unread = new UnreadResponses(Wheel, options.UnreadTimeout, logger);
        _admission = new Admission(options.MaxConnections, options.MaxConnectionsPerAddress);
        RuntimeEvents.Publish();
        Metrics = new GatewayMetrics(CountByTransport, () => Streams.Running, () => Streams.Paused);
    }

    public StreamGatewayOptions Options { get; }

    public ILogger Logger { get; }

    /// <summary>How resume tokens are made and read; null where there are none.</summary>
    public ResumeTokenOptions? Tokens { get; }

    public TimingWheel Wheel { get; }

    public StreamSlots Streams { get; }

    public UnreadResponses Unread { get; }

    public GatewayMetrics Metrics { get; }

    public GatewayPhase Phase => (GatewayPhase)Volatile.Read(ref _phase);

    public int Connections => _admission.Count;

    public int Addresses => _admission.Addresses;

    public IEnumerable<GatewaySession> Sessions => _sessions.Values;

    public GatewaySession? Find(long id) => _sessions.GetValueOrDefault(id);

    /// <summary>Lets a client in, with a place for its stream if it is to have one. Whoever is let in makes a session of it, or leaves by <see cref="LeaveWithoutSession"/>.</summary>
    public Refusal TryEnter(IPAddress client, bool forStream = true)
    {
        // Counted before the phase is looked at: whoever begins a shutdown changes the phase before it looks at the count. One of them sees the other.
        Interlocked.Increment(ref _inside);
        Refusal refusal = Phase != GatewayPhase.Serving ? Refusal.ShuttingDown : _admission.TryEnter(client);
        if (refusal == Refusal.None && forStream && !Streams.TryStart())
        {
            _admission.Leave(client);
            refusal = Refusal.TooManyStreams;
        }

        if (refusal != Refusal.None)
        {
            Metrics.Refused(refusal.ToString());
            GoOut();
        }

        return refusal;
    }

    /// <summary>For a client that was let in without a place for a stream, and has no session made of it.</summary>
    public void LeaveWithoutSession(IPAddress client)
    {
        _admission.Leave(client);
        GoOut();
    }

    public void Leave(GatewaySession session)
    {
        _sessions.TryRemove(session.Id, out _);
        _admission.Leave(session.Client);
        GoOut();
    }

    public long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Adds a session to the list.</summary>
    public void Add(GatewaySession session) => _sessions[session.Id] = session;

    /// <summary>Goes on to a later phase.</summary>
    /// <returns>True for the one caller that did.</returns>
    public bool Advance(GatewayPhase to)
    {
        for (byte seen = Volatile.Read(ref _phase); seen < (byte)to; seen = Volatile.Read(ref _phase))
        {
            if (Interlocked.CompareExchange(ref _phase, (byte)to, seen) == seen)
            {
                GatewayLog.PhaseChanged(Logger, to, Connections);
                return true;
            }
        }

        return false;
    }

    /// <summary>Completes when the last one is out. Only once new ones are refused.</summary>
    public Task WhenEmpty()
    {
        if (Volatile.Read(ref _inside) == 0)
        {
            _empty.TrySetResult();
        }

        return _empty.Task;
    }

    public void Dispose()
    {
        Wheel.Dispose();
        Metrics.Dispose();
    }

    private void GoOut()
    {
        if (Interlocked.Decrement(ref _inside) == 0 && Phase != GatewayPhase.Serving)
        {
            _empty.TrySetResult();
        }
    }

    private IEnumerable<(string Transport, int Count)> CountByTransport() =>
        _sessions.Values.GroupBy(s => s.Transport, (transport, all) => (transport, all.Count()));
}
