using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Timing;

/// <summary>What an actor does with the deadline.</summary>
internal enum DeadlineRole
{
    /// <summary>The timer, which has come up, and the thread pool after it.</summary>
    Turn,

    /// <summary>Schedules it for later.</summary>
    Schedule,

    /// <summary>Schedules it for later too, but sooner than the other.</summary>
    ScheduleSooner,

    MoveLater,

    Cancel,

    Expire,

    Dispose,
}

/// <summary>One deadline whose time has just come, and what must have become of it in the end, whoever came in between.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The wheel's timer is the model's own.")]
internal sealed class DeadlineModel : IModel
{
    private const long Millisecond = 1_000_000;

    private readonly DeadlineRole[] _roles;
    private readonly bool _beganMoved;
    private readonly ModelClock _clock = new();
    private readonly Queue<IThreadPoolWorkItem> _queue = new();
    private readonly TimingWheel _wheel;
    private readonly Deadline _deadline;
    private bool? _cancelled;
    private int _ran;
    private long _ranAt;

    /// <param name="beginsMoved">It was put off before, which the wheel is just about to notice.</param>
    /// <param name="roles">Who there is.</param>
    public DeadlineModel(bool beginsMoved, params DeadlineRole[] roles)
    {
        _roles = roles;
        _beganMoved = beginsMoved;
        _wheel = new TimingWheel(_clock, TimingWheel.SmallestGranularity, _queue.Enqueue);
        _deadline = new Deadline(_wheel, _ =>
        {
            _ran++;
            _ranAt = _clock.Now;
        });
        _deadline.Schedule(5 * Millisecond);
        if (beginsMoved)
        {
            _deadline.MoveLater(12 * Millisecond);
        }

        _clock.Now = 6;
    }

    public static Scenario Scenario(Access more, bool beginsMoved, params DeadlineRole[] roles) => new(
        $"{(beginsMoved ? "moved: " : "")}{string.Join(" × ", roles)}",
        roles.Length,
        1,
        Access.Gate | Access.Ending | more,
        () => new DeadlineModel(beginsMoved, roles));

    public Access KindOf(ref readonly byte location) => Access.None;

    public void Act(int actor)
    {
        switch (_roles[actor])
        {
            case DeadlineRole.Turn:
                TurnAndRun();
                break;
            case DeadlineRole.Schedule:
                Require(_deadline.Schedule(12 * Millisecond) || Has(DeadlineRole.Dispose), "a schedule was refused");
                break;
            case DeadlineRole.ScheduleSooner:
                Require(_deadline.Schedule(10 * Millisecond) || Has(DeadlineRole.Dispose), "a schedule was refused");
                break;
            case DeadlineRole.MoveLater:
                _deadline.MoveLater(12 * Millisecond);
                break;
            case DeadlineRole.Cancel:
                _cancelled = _deadline.Cancel();
                break;
            case DeadlineRole.Expire:
                _deadline.Expire();
                break;
            default:
                _wheel.Dispose();
                Require(_wheel.Count == 0, "a disposed wheel holds something");
                break;
        }
    }

    public void AfterStep(int actor)
    {
    }

    public void AfterRun(int waiting, Func<int, bool> wasReleased)
    {
        TurnAndRun();
        int now = _ran;
        int held = _wheel.Count;
        for (_clock.Now = 7; _clock.Now <= 20; _clock.Now++)
        {
            TurnAndRun();
        }

        int later = _ran - now;
        string what = $"it ran {now} times at once and {later} times later, last at {_ranAt}, and was held {held} times; cancelled: {_cancelled}";
        Require(held == later && _wheel.Count == 0, what);
        bool isDisposed = Has(DeadlineRole.Dispose);
        int expiries = Has(DeadlineRole.Expire) ? 1 : 0;
        Require(now <= 1 + expiries && later <= 1 && (later == 0 || !isDisposed), what);
        bool atTen = Has(DeadlineRole.ScheduleSooner);
        bool atTwelve = _beganMoved || Has(DeadlineRole.Schedule) || Has(DeadlineRole.MoveLater);
        Require(later == 0 || (atTen && _ranAt == 10) || (atTwelve && _ranAt == 12), what);
        if (isDisposed)
        {
            return;
        }

        bool schedules = Has(DeadlineRole.Schedule) || atTen;
        if (_cancelled is { } cancelled)
        {
            // It was scheduled from the beginning: a cancel that found nothing came after a run.
            Require(cancelled || now >= 1, what);
            Require(schedules || expiries > 0 || atTwelve || now == (cancelled ? 0 : 1), what);
        }
        else if (expiries > 0)
        {
            Require(now + later >= 1 && (schedules || atTwelve || now >= 1), what);
        }
        else if (schedules)
        {
            // Whoever schedules last, has it run once more, and at that time.
            Require(later == 1, what);
            Require(_ranAt == 12 || atTen, what);
            Require(_ranAt == 10 || Has(DeadlineRole.Schedule) || Has(DeadlineRole.MoveLater), what);
        }
        else
        {
            Require(now + later == 1, what);
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ViolationException(otherwise);
        }
    }

    private void TurnAndRun()
    {
        while (_clock.TryFire() || _queue.Count > 0)
        {
            if (_queue.TryDequeue(out IThreadPoolWorkItem? item))
            {
                item.Execute();
            }
        }
    }

    private bool Has(DeadlineRole role) => Array.IndexOf(_roles, role) >= 0;
}
