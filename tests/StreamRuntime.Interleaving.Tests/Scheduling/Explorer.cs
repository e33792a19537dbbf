using System.Text;

namespace StreamRuntime.Interleaving.Tests.Scheduling;

/// <summary>Runs a scenario once for each schedule, one actor at a time, and stops at the first broken promise.</summary>
/// <remarks>
/// The thread that has the turn is the only one that touches anything, and it hands the turn straight to the next; between two runs it makes
/// the next machine itself. Threads are kept from run to run, so a step costs one hand-over between threads, and nothing if the actor stays the same.
/// </remarks>
internal sealed class Explorer : IDisposable
{
    // Far above what any program needs: an actor that still goes on is one that never ends.
    private const int MostSteps = 400;

    private readonly Scenario _scenario;
    private readonly Schedule _schedule;
    private readonly Actor[] _actors;
    private readonly List<(object On, Actor Holder)> _locks = [];
    private readonly List<(Actor Actor, Access Access)> _trace = [];
    private readonly ManualResetEventSlim _finished = new();
    private Actor? _turn;
    private volatile bool _stopping;

    private Explorer(Scenario scenario, Schedule schedule)
    {
        _scenario = scenario;
        _schedule = schedule;
        Model = null!;
        _actors = [.. Enumerable.Range(0, scenario.Actors).Select(index => new Actor(this, index))];
    }

    public IModel Model { get; private set; }

    public Access Yields => _scenario.Accesses;

    public int Run { get; private set; }

    public int StepsInRun { get; private set; }

    public bool IsQuiet { get; private set; }

    public bool IsStopping => _stopping;

    public Actor? Turn => Volatile.Read(ref _turn);

    private string? Violation { get; set; }

    /// <summary>Explores every schedule and says what was found.</summary>
    public static Exploration Explore(Scenario scenario, Schedule schedule)
    {
        using var explorer = new Explorer(scenario, schedule);
        if (schedule.TryBegin())
        {
            explorer.BeginRun();
            explorer._finished.Wait();
        }

        return new Exploration(explorer.Run, explorer.Violation);
    }

    public void Dispose()
    {
        _stopping = true;
        foreach (Actor actor in _actors)
        {
            actor.Dispose();
        }

        _finished.Dispose();
    }

    /// <summary>Ends a step: looks at the machine and gives the turn to whom the schedule names, in the next run if this one is over.</summary>
    public void PassTurn(Actor from)
    {
        if (_stopping)
        {
            return;
        }

        try
        {
            Model.AfterStep(from.Index);
            if (++StepsInRun > MostSteps)
            {
                throw new ViolationException("the run does not end");
            }

            int ready = Ready();
            if (ready == 0)
            {
                EndRun();
                if (_schedule.TryBegin())
                {
                    BeginRun();
                }
                else
                {
                    Stop();
                }

                return;
            }

            Give(_actors[_schedule.Next(ready)]);
        }
        catch (ViolationException violation)
        {
            Fail(violation.Message);
        }
    }

    public void Fail(string message)
    {
        if (!_stopping)
        {
            Violation = $"{message}\n  in: {_scenario.Name}\n  schedule: {_schedule}\n  steps: {Trace()}";
            Stop();
        }
    }

    public void Note(Actor actor, Access access)
    {
        if (access != Access.None)
        {
            _trace.Add((actor, access));
        }
    }

    public bool TryLock(object lockedOn, Actor actor)
    {
        if (IsHeldByOther(lockedOn, actor))
        {
            return false;
        }

        _locks.Add((lockedOn, actor));
        return true;
    }

    public void Unlock(object lockedOn, Actor actor) => _locks.Remove((lockedOn, actor));

    private bool IsHeldByOther(object lockedOn, Actor actor)
    {
        foreach ((object on, Actor holder) in _locks)
        {
            if (ReferenceEquals(on, lockedOn) && holder != actor)
            {
                return true;
            }
        }

        return false;
    }

    private int Ready()
    {
        int ready = 0;
        int spinning = 0;
        foreach (Actor actor in _actors)
        {
            if (actor.IsDone || (actor.IsWaiting && !actor.HasPost) || (actor.WantedLock is { } wanted && IsHeldByOther(wanted, actor)))
            {
                continue;
            }

            // Somebody else's step counts from the one after the spin itself.
            bool spins = actor.SpinsSince >= 0 && StepsInRun <= actor.SpinsSince + 1;
            ready |= spins ? 0 : 1 << actor.Index;
            spinning |= spins ? 1 << actor.Index : 0;
        }

        return ready != 0 ? ready : spinning;
    }

    private void BeginRun()
    {
        Run++;
        StepsInRun = 0;
        _locks.Clear();
        _trace.Clear();
        foreach (Actor actor in _actors)
        {
            actor.Reset();
        }

        IsQuiet = true;
        Model = _scenario.Create();
        IsQuiet = false;
        Give(_actors[_schedule.Next(Ready())]);
    }

    private void EndRun()
    {
        int waiting = 0;
        foreach (Actor actor in _actors)
        {
            if (actor.WantedLock is not null)
            {
                throw new ViolationException($"deadlock: actor {actor.Index} waits for a lock for ever");
            }

            waiting |= actor.IsWaiting ? 1 << actor.Index : 0;
        }

        IsQuiet = true;
        Model.AfterRun(waiting, index => _actors[index].HasPost);
        IsQuiet = false;
    }

    private void Give(Actor next)
    {
        Volatile.Write(ref _turn, next);
        if (next != Actor.Current)
        {
            next.Signal();
        }
    }

    private void Stop()
    {
        _stopping = true;
        _finished.Set();
    }

    private string Trace()
    {
        var text = new StringBuilder();
        foreach ((Actor actor, Access access) in _trace)
        {
            text.Append(' ').Append(actor.Index).Append(':').Append(access);
        }

        return text.ToString();
    }
}

/// <summary>What an exploration came to.</summary>
/// <param name="Runs">How many schedules were run.</param>
/// <param name="Violation">The first broken promise, with the schedule that broke it; null when all held.</param>
internal sealed record Exploration(int Runs, string? Violation);
