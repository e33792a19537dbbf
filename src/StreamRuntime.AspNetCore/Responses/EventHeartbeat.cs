using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>Sends a comment on a stream of events whenever nothing else was sent for a while, so that nobody on the way takes it for dead.</summary>
/// <remarks>
/// The pipe has one writer at a time: who sends rows enters, writes, and leaves; a heartbeat that finds somebody inside has nothing to do, since
/// something is being sent.
/// </remarks>
#pragma warning disable CA1001 // A semaphore whose wait handle nobody asks for holds nothing to dispose of, and a timer may still look at it.
internal sealed class EventHeartbeat
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly PipeWriter _destination;
    private readonly MonotonicClock _clock;
    private readonly Deadline _deadline;
    private readonly TimeSpan _interval;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;
    private readonly long _session;
    private long _lastSent;
    private bool _stopped;

    public EventHeartbeat(PipeWriter destination, TimingWheel wheel, TimeSpan interval, GatewayMetrics metrics, ILogger logger, long session)
    {
        _destination = destination;
        _clock = wheel.Clock;
        _interval = interval;
        _metrics = metrics;
        _logger = logger;
        _session = session;
        _deadline = new Deadline(wheel, static heartbeat => ((EventHeartbeat)heartbeat!).Expired(), this);
        _lastSent = _clock.Now;
        ScheduleNext();
    }

    public Task EnterAsync(CancellationToken cancellationToken) => _writing.WaitAsync(cancellationToken);

    public void Leave()
    {
        Volatile.Write(ref _lastSent, _clock.Now);
        _writing.Release();
    }

    /// <summary>Sends no more, and waits for the comment under way, if one is. Nothing more to do when it was called before.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, true))
        {
            return;
        }

        _deadline.Cancel();
        await _writing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private void ScheduleNext()
    {
        if (!Volatile.Read(ref _stopped))
        {
            _deadline.Schedule(MonotonicClock.After(Volatile.Read(ref _lastSent), _interval));
        }
    }

    private void Expired()
    {
        if (Volatile.Read(ref _stopped))
        {
            return;
        }

        if (MonotonicClock.After(Volatile.Read(ref _lastSent), _interval) > _clock.Now)
        {
            ScheduleNext();
        }
        else if (_writing.Wait(0, CancellationToken.None))
        {
            _ = BeatAsync();
        }
        else
        {
            // Whoever is inside is sending; look again when that could have been silent for long enough.
            Volatile.Write(ref _lastSent, _clock.Now);
            ScheduleNext();
        }
    }

    private async Task BeatAsync()
    {
        try
        {
            _destination.Write(":\n\n"u8);
            await _destination.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            _metrics.Pinged();
        }
#pragma warning disable CA1031 // Nobody waits for a heartbeat; whoever sends the rows meets the same failure.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            GatewayLog.ConnectionBroke(_logger, _session, failure);
        }

        Volatile.Write(ref _lastSent, _clock.Now);
        ScheduleNext();
        _writing.Release();
    }
}
