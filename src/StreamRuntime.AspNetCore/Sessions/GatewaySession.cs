using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>One client being served: its connection's state, its stream, and what may be done to both from outside.</summary>
/// <remarks>
/// Any thread may ask, pause, resume, close and abort. A session was let in by <see cref="Gateway.TryEnter"/> with a place for a running stream; it gives both
/// back by <see cref="Finish"/>, once. Its place is guarded by a lock on the session itself, which nobody
/// outside this assembly can reach and which saves every connection one object more; it follows the stream from running to paused and back. A session of something else than
/// a stream was let in without such a place.
/// </remarks>
internal abstract class GatewaySession
{
    private readonly bool _isStream;
    private ConnectionStateCell _state;
    private StateTimes _times;
    private JsonRowStream? _stream;
    private Activity? _activity;
    private bool _isPaused;
    private bool _hasPlace = true;
    private byte _end;

    protected GatewaySession(Gateway gateway, string endpoint, IPAddress client, bool isStream = true)
    {
        _isStream = isStream;
        Gateway = gateway;
        Endpoint = endpoint;
        Client = client;
        Id = gateway.NextId();
        StartedAt = gateway.Options.TimeProvider.GetUtcNow();
        _times = new StateTimes(gateway.Wheel.Clock.Now);
        gateway.Add(this);
    }

    public long Id { get; }

    public string Endpoint { get; }

    public IPAddress Client { get; }

    public DateTimeOffset StartedAt { get; }

    public ConnectionState State => _state.Value;

    public SessionEnd End => (SessionEnd)Volatile.Read(ref _end);

    /// <summary>How its rows travel, as the list of sessions and the metrics call it.</summary>
    public abstract string Transport { get; }

    public JsonRowStream? Stream => Volatile.Read(ref _stream);

    public virtual bool IsPaused
    {
        get
        {
            lock (this)
            {
                return _isPaused;
            }
        }
    }

    /// <summary>From which phase of a shutdown on it is closed.</summary>
    public virtual GatewayPhase ClosesFrom => GatewayPhase.Closing;

    protected Gateway Gateway { get; }

    public TimeSpan TimeIn(ConnectionState state) => state == ConnectionState.Closed ? TimeSpan.Zero : _times.In((int)state, Gateway.Wheel.Clock.Now);

    /// <summary>The session as an administrator sees it.</summary>
    public virtual SessionSnapshot GetSnapshot() => SessionSnapshot.Of(this);

    /// <summary>Ends the session in an orderly way, as its transport knows one. Returns at once.</summary>
    public abstract void BeginClose(SessionEnd end);

    /// <summary>Cuts the session off.</summary>
    public abstract void Abort();

    /// <summary>
    /// Pauses the stream by request. When the task completes with <see cref="PauseAnswer.Done"/>, no further row is received.
    /// </summary>
    public virtual async Task<PauseAnswer> PauseAsync(string? reason)
    {
        PauseAnswer answer = TryPause(reason);
        if (answer == PauseAnswer.Done)
        {
            try
            {
                await _stream!.PauseAsync(reason).ConfigureAwait(false);
                await OnPausedAsync(reason).ConfigureAwait(false);
            }
            catch (StreamRuntimeException ended) when (ended.Kind == ErrorKind.StreamEnded)
            {
                return PauseAnswer.Ended;
            }
        }

        return answer;
    }

    /// <summary>Resumes a stream that was paused by request.</summary>
    public virtual Task<PauseAnswer> ResumeAsync() => Task.FromResult(TryResume());

    /// <summary>Tells the client of a pause that holds, where its protocol has a word for it.</summary>
    protected virtual Task OnPausedAsync(string? reason) => Task.CompletedTask;

    protected PauseAnswer TryResume()
    {
        lock (this)
        {
            if (!_hasPlace || _stream is not { } stream)
            {
                return PauseAnswer.Ended;
            }

            if (!_isPaused)
            {
                return PauseAnswer.AsItWas;
            }

            if (!Gateway.Streams.TryResume())
            {
                return PauseAnswer.NoPlace;
            }

            _isPaused = false;

            // False where it has resumed by itself or ended meanwhile; the count is right either way.
            stream.TryResume();
            return PauseAnswer.Done;
        }
    }

    /// <summary>Takes notice of a stream that resumed by its own timeout. Called per batch, so it looks at one byte first.</summary>
    /// <returns>True when it did so just now.</returns>
    protected bool NoticeResumed()
    {
        if (!Volatile.Read(ref _isPaused) || _stream!.State != StreamState.Running)
        {
            return false;
        }

        lock (this)
        {
            if (!_isPaused || _stream.State != StreamState.Running)
            {
                return false;
            }

            _isPaused = false;
            Gateway.Streams.Resume();
            return true;
        }
    }

    /// <summary>Begins the session's span, which surrounds what its caller does from here on, where somebody traces.</summary>
    protected void BeginSpan() => _activity = GatewayActivity.Start(Endpoint, Transport, Id);

    protected void SetStream(JsonRowStream stream)
    {
        stream.Name ??= $"{Endpoint} #{Id}";
        if (Gateway.Options.PauseTimeout != Timeout.InfiniteTimeSpan)
        {
            stream.PauseTimeout = Gateway.Options.PauseTimeout;
        }

        Volatile.Write(ref _stream, stream);
    }

    protected bool TryMove(ConnectionState from, ConnectionState to)
    {
        if (!_state.TryMove(from, to))
        {
            return false;
        }

        _times.Enter((int)to, Gateway.Wheel.Clock.Now);
        return true;
    }

    /// <summary>True for the one caller that decided the session's end.</summary>
    protected bool TryClose(SessionEnd end)
    {
        if (!_state.TryClose())
        {
            return false;
        }

        Volatile.Write(ref _end, (byte)end);
        _times.Enter((int)ConnectionState.Closing, Gateway.Wheel.Clock.Now);
        return true;
    }

    /// <summary>
    /// Cuts the session's request off, unless it is over: a server uses its contexts again, and the next request is not to blame.
    /// </summary>
    protected void AbortRequest(HttpContext context)
    {
        lock (this)
        {
            if (_hasPlace)
            {
                context.Abort();
            }
        }
    }

    /// <summary>Gives back what the session holds of the gateway. Called once its stream is disposed, by the one who runs it.</summary>
    protected void Finish(SessionEnd end)
    {
        TryClose(end);
        TryMove(ConnectionState.Closing, ConnectionState.Closed);
        lock (this)
        {
            if (!_hasPlace)
            {
                return;
            }

            _hasPlace = false;
            if (_isStream)
            {
                Gateway.Streams.End(_isPaused);
            }
        }

        Gateway.Leave(this);
        StreamStatistics? statistics = _stream?.GetStatistics();
        GatewayActivity.End(_activity, End, statistics);
        Gateway.Metrics.Ended(Endpoint, Transport, End.ToString());
        GatewayLog.SessionEnded(Gateway.Logger, Id, Endpoint, Transport, End, statistics?.RowsDelivered ?? 0);
    }

    private PauseAnswer TryPause(string? reason)
    {
        lock (this)
        {
            if (!_hasPlace || _stream is not { } stream || stream.State is StreamState.Complete or StreamState.Error)
            {
                return PauseAnswer.Ended;
            }

            if (_isPaused)
            {
                return PauseAnswer.AsItWas;
            }

            if (!Gateway.Streams.TryPause())
            {
                return PauseAnswer.NoPlace;
            }

            // Somebody else's pause is fine as well: it is paused. One that ended in between is not.
            if (!stream.TryPause(reason) && stream.State != StreamState.Paused)
            {
                Gateway.Streams.Resume();
                return PauseAnswer.Ended;
            }

            Volatile.Write(ref _isPaused, true);
            return PauseAnswer.Done;
        }
    }
}
