namespace StreamRuntime.Interleaving.Tests.Scheduling;

/// <summary>One thread of the explored program. It runs only while it has the turn, and gives the turn away before each shared access.</summary>
/// <remarks>Every field is touched by the one thread that has the turn, except the signal.</remarks>
internal sealed class Actor : IDisposable
{
    [ThreadStatic]
    private static Actor? t_current;

    private readonly Explorer _explorer;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _signal = new();
    private readonly Queue<Action> _inbox = new();
    private int _run;
    private bool _mayPass;

    public Actor(Explorer explorer, int index)
    {
        _explorer = explorer;
        Index = index;
        Context = new ActorContext(this);
        _thread = new Thread(Live) { IsBackground = true, Name = $"actor {index}" };
        _thread.Start();
    }

    /// <summary>Who runs on this thread; null outside of the explored program, where accesses are plain ones.</summary>
    public static Actor? Current => t_current;

    public int Index { get; }

    /// <summary>For a program part that yields by posting itself: it is not picked again before somebody else made a step.</summary>
    public SynchronizationContext Context { get; }

    /// <summary>The accesses made in this run.</summary>
    public int Steps { get; private set; }

    public bool IsDone { get; private set; }

    public bool IsWaiting { get; private set; }

    public object? WantedLock { get; private set; }

    public bool HasPost => _inbox.Count > 0;

    public int SpinsSince { get; private set; } = -1;

    public static void BeforeAccess(Access kind) => t_current?.Yield(kind);

    public static void BeforeAccess(ref readonly byte location)
    {
        if (t_current is { } actor)
        {
            actor.Yield(actor._explorer.Model.KindOf(in location));
        }
    }

    public static void EnterLock(object lockedOn)
    {
        if (t_current is not { } actor || actor._explorer.IsQuiet)
        {
            return;
        }

        actor.WantedLock = lockedOn;
        actor.Yield(Access.Gate);
        while (!actor._explorer.TryLock(lockedOn, actor))
        {
            actor.PassTurn(Access.Gate);
        }

        actor.WantedLock = null;
    }

    public static void ExitLock(object lockedOn)
    {
        if (t_current is { } actor && !actor._explorer.IsQuiet)
        {
            actor._explorer.Unlock(lockedOn, actor);
            if (!actor._explorer.IsStopping)
            {
                actor.Yield(Access.Unlock);
            }
        }
    }

    /// <summary>Gives this actor something to go on with, from any actor.</summary>
    public void Post(Action action) => _inbox.Enqueue(action);

    /// <summary>Waits until something was posted, and runs it; false when the run is over.</summary>
    public bool TryPump()
    {
        IsWaiting = true;
        PassTurn(Access.None);
        if (_run != _explorer.Run)
        {
            return false;
        }

        IsWaiting = false;
        SpinsSince = -1;
        _mayPass = true;
        _inbox.Dequeue()();
        return true;
    }

    public void Reset()
    {
        _inbox.Clear();
        _mayPass = true;
        Steps = 0;
        IsDone = false;
        IsWaiting = false;
        WantedLock = null;
        SpinsSince = -1;
    }

    public void Signal() => _signal.Set();

    /// <summary>Waits until its thread has ended, which the explorer has told it to.</summary>
    public void Dispose()
    {
        _signal.Set();
        _thread.Join();
        _signal.Dispose();
    }

    private void Yield(Access kind)
    {
        if (_explorer.IsQuiet || (kind & _explorer.Yields) == 0)
        {
            return;
        }

        if (_mayPass)
        {
            // The turn was given for this access: an actor that begins, or goes on after a wait, is on its way to it.
            _mayPass = false;
            _explorer.Note(this, kind);
        }
        else
        {
            PassTurn(kind);
        }

        Steps++;
    }

    private void PassTurn(Access next)
    {
        _explorer.PassTurn(this);
        WaitForTurn();
        if (_explorer.IsStopping)
        {
            throw new ExplorationStoppedException();
        }

        _explorer.Note(this, next);
    }

    private void WaitForTurn()
    {
        while (_explorer.Turn != this && !_explorer.IsStopping)
        {
            _signal.Wait();
            _signal.Reset();
        }
    }

    private void Live()
    {
        t_current = this;
        while (true)
        {
            WaitForTurn();
            if (_explorer.IsStopping)
            {
                return;
            }

            _run = _explorer.Run;
            try
            {
                _explorer.Model.Act(Index);
            }
            catch (ExplorationStoppedException)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever a broken machine throws is a finding.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                _explorer.Fail(failure is ViolationException ? failure.Message : $"actor {Index} threw {failure}");
                return;
            }

            // A run that ended while this actor waited has taken its turn along into the next.
            if (_run == _explorer.Run)
            {
                IsDone = true;
                _explorer.PassTurn(this);
            }
        }
    }

    private sealed class ActorContext(Actor actor) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
            actor.SpinsSince = actor._explorer.StepsInRun;
            actor.Post(() => d(state));
        }
    }
}

/// <summary>Unwinds an actor from wherever it stands, once a violation has ended the exploration.</summary>
internal sealed class ExplorationStoppedException : Exception;
