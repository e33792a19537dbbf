using System.Numerics;
using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Streams;

/// <summary>What an actor does with the stream.</summary>
internal enum Role
{
    /// <summary>Pauses without waiting.</summary>
    Pauser,

    /// <summary>Pauses, and waits until no receive can start any more.</summary>
    Holder,

    Resumer,

    /// <summary>The timer of a pause that came up.</summary>
    Timer,

    /// <summary>Reads batches; at a pause it waits at the gate.</summary>
    Reader,

    Completer,

    Failer,

    Disposer,
}

/// <summary>One stream and what must hold of it, whoever comes in between.</summary>
/// <remarks>Promises are checked against what this model sees for itself after each step, never against what the machine says of itself.</remarks>
internal sealed class StreamModel : IModel
{
    private static readonly TimeSpan s_pauseTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_paused = TimeSpan.FromSeconds(10);

    private readonly Role[] _roles;
    private readonly int _steps;
    private readonly ModelTime _time = new();
    private readonly JsonRowStream _stream;
    private readonly bool _beganPaused;
    private StreamState _seen;
    private PauseGate? _gate;
    private int _pauses;
    private int _resumes;
    private int _ends;
    private int _pausesWon;
    private int _resumesWon;
    private int _resumesByTimer;
    private int _endsWon;
    private int _heldSince = -1;
    private bool _receivedWhileHeld;

    /// <param name="steps">As in <see cref="Scenario"/>.</param>
    /// <param name="beginsPaused">The stream was paused long ago, for longer than its pause timeout.</param>
    /// <param name="roles">Who there is.</param>
    public StreamModel(int steps, bool beginsPaused, params Role[] roles)
    {
        _steps = steps;
        _roles = roles;
        _beganPaused = beginsPaused;
        _stream = JsonRowStream.Create(
            new ModelSource(ReceiveStarts),
            JsonRowStreamOptions.Default with { TimeProvider = _time, PauseTimeout = s_pauseTimeout, ProgressTimeout = Timeout.InfiniteTimeSpan });
        if (beginsPaused)
        {
            _stream.TryPause();
            _time.Now = s_paused;
        }

        _seen = _stream.StateNow;
        _gate = _stream.GateNow;
    }

    public Access KindOf(ref readonly byte location) => _stream.KindOf(in location);

    public void Act(int actor)
    {
        Actor self = Actor.Current!;
        do
        {
            if (!TryAct(_roles[actor], self))
            {
                return;
            }
        }
        while (self.Steps < _steps);
    }

    public void AfterStep(int actor)
    {
        Require(!_receivedWhileHeld, "a receive started after PauseAsync had completed");
        StreamState now = _stream.StateNow;
        PauseGate? gate = _stream.GateNow;
        if (gate != _gate)
        {
            Require(_gate is null, "a second gate was made");
            _gate = gate;
        }

        if (now == _seen)
        {
            return;
        }

        Require(Legal.CanMove(_seen, now), $"{_seen} became {now}");
        switch (_seen, now)
        {
            case (StreamState.Running, StreamState.Paused):
                Require(gate is not null, "Paused could be seen before the gate");
                Require(_roles[actor] is Role.Pauser or Role.Holder, $"a {_roles[actor]} paused the stream");
                _pauses++;
                break;
            case (StreamState.Paused, StreamState.Running):
                Require(_roles[actor] is Role.Resumer or Role.Timer, $"a {_roles[actor]} resumed the stream");
                if (_roles[actor] == Role.Timer)
                {
                    // Every pause of this run began now, and no time has passed since.
                    Require(_beganPaused && _pauses == 0, "a pause was ended by a timeout before its time");
                    _resumesByTimer++;
                }

                _resumes++;
                break;
            default:
                _ends++;
                break;
        }

        _seen = now;
    }

    public void AfterRun(int waiting, Func<int, bool> wasReleased)
    {
        Require(_pausesWon == _pauses || Has(Role.Holder), $"{_pausesWon} callers were told that they paused, but the stream was paused {_pauses} times");
        Require(_resumesWon + _resumesByTimer == _resumes, $"{_resumesWon} callers were told that they resumed, but the stream was resumed {_resumes} times");
        Require(_ends <= 1 && (_endsWon == _ends || Has(Role.Disposer)), $"{_endsWon} callers were told that they ended the stream, which ended {_ends} times");
        for (int left = waiting; left != 0; left &= left - 1)
        {
            int actor = BitOperations.TrailingZeroCount(left);
            Require(_roles[actor] == Role.Reader && _seen == StreamState.Paused, $"lost wake-up: a {_roles[actor]} waits although the stream is {_seen}");
        }

        CheckStatistics();
        if (_seen == StreamState.Paused)
        {
            // Whoever waits rightly must be let go by what comes next: a resume here, an end there.
            bool went = (_pauses & 1) == 0 ? _stream.TryResume() : _stream.TryEnd(StreamState.Error);
            Require(went, "a paused stream could be neither resumed nor ended");
            for (int left = waiting; left != 0; left &= left - 1)
            {
                Require(wasReleased(BitOperations.TrailingZeroCount(left)), "lost wake-up: a reader that waited at a pause was not let go after it");
            }
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ViolationException(otherwise);
        }
    }

    // Not "count += call ? 1 : 0", which reads the count before a call during which others count.
    private static void Won(ref int count, bool won) => count += won ? 1 : 0;

    private bool Has(Role role) => Array.IndexOf(_roles, role) >= 0;

    // False when there is nothing left to do for this role.
    private bool TryAct(Role role, Actor self)
    {
        switch (role)
        {
            case Role.Pauser:
                Won(ref _pausesWon, _stream.TryPause());
                return true;
            case Role.Holder:
                return TryHold(self);
            case Role.Resumer:
                Won(ref _resumesWon, _stream.TryResume());
                return true;
            case Role.Timer:
                _stream.LetPauseTimeOut();
                return true;
            case Role.Reader:
                return TryRead(self);
            case Role.Completer:
                Won(ref _endsWon, _stream.TryEnd(StreamState.Complete));
                return true;
            case Role.Failer:
                Won(ref _endsWon, _stream.TryEnd(StreamState.Error));
                return true;
            default:
                ValueTask disposing = _stream.DisposeAsync();
                while (!disposing.IsCompleted)
                {
                    if (!self.TryPump())
                    {
                        return false;
                    }
                }

                Require(_stream.StateNow is StreamState.Complete or StreamState.Error, "a disposed stream has not ended");
                return false;
        }
    }

    private bool TryHold(Actor self)
    {
        Task pausing;
        SynchronizationContext.SetSynchronizationContext(self.Context);
        try
        {
            pausing = _stream.PauseAsync();
            while (!pausing.IsCompleted)
            {
                if (!self.TryPump())
                {
                    return false;
                }
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }

        if (!pausing.IsCompletedSuccessfully)
        {
            Require(_stream.StateNow is StreamState.Complete or StreamState.Error, $"a pause of a live stream failed: {pausing.Exception}");
            return false;
        }

        // The promise counts from here, as long as nobody has resumed.
        if (_stream.StateNow == StreamState.Paused)
        {
            _heldSince = _resumes;
        }

        return true;
    }

    private bool TryRead(Actor self)
    {
        ValueTask<bool> reading = _stream.ReadBatchAsync();
        while (!reading.IsCompleted)
        {
            if (!self.TryPump())
            {
                return false;
            }
        }

        if (reading.IsCompletedSuccessfully)
        {
            Require(reading.Result, "the stream ended although its source has more rows");
            return true;
        }

        Require(
            _stream.StateNow is StreamState.Complete or StreamState.Error || Has(Role.Disposer),
            $"a read of a live stream failed: {reading.AsTask().Exception}");
        return false;
    }

    private void ReceiveStarts()
    {
        Actor.BeforeAccess(Access.Receive);
        if (_heldSince == _resumes && _stream.StateNow == StreamState.Paused)
        {
            // Not thrown here: the stream would take it for a failure of its source.
            _receivedWhileHeld = true;
        }
    }

    private void CheckStatistics()
    {
        if (_gate is null)
        {
            return;
        }

        PauseStatistics before = _gate.GetStatistics();
        Require(before.Count == _pauses + (_beganPaused ? 1 : 0), $"{before.Count} pauses were counted, not {_pauses}");
        _time.Now += s_pauseTimeout;
        TimeSpan more = _gate.GetStatistics().PausedTime - before.PausedTime;
        Require(more == (_seen == StreamState.Paused ? s_pauseTimeout : TimeSpan.Zero), $"the paused time went on by {more} while the stream was {_seen}");
    }
}
