using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Interleaving.Tests.Scheduling;
using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

/// <summary>What an actor does with the connection.</summary>
internal enum KeepAliveRole
{
    /// <summary>The wheel at the end of the first idleness, and the thread pool after it.</summary>
    Wake,

    /// <summary>Takes the connection if it is idle, and gives it back.</summary>
    Lease,

    /// <summary>Another one who does.</summary>
    LeaseToo,

    /// <summary>Finds it broken.</summary>
    Fail,
}

/// <summary>One connection that has been idle for just too long, and what must hold of it, whoever comes in between.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The wheel's timer is the model's own.")]
internal sealed class KeepAliveModel : IModel
{
    private const long Millisecond = 1_000_000;

    private readonly KeepAliveRole[] _roles;
    private readonly ModelClock _clock = new();
    private readonly Queue<IThreadPoolWorkItem> _queue = new();
    private readonly TimingWheel _wheel;
    private readonly KeepAlive _connection;
    private readonly List<(EvictionReason Reason, long At)> _evictions = [];
    private int _holders;
    private int _leases;
    private int _failures;
    private int _moves = 1;

    public KeepAliveModel(params KeepAliveRole[] roles)
    {
        _roles = roles;
        _wheel = new TimingWheel(_clock, TimingWheel.SmallestGranularity, _queue.Enqueue);
        _connection = new KeepAlive(
            _wheel, reason => _evictions.Add((reason, _clock.Now)), KeepAliveOptions.Default with { IdleTimeout = TimeSpan.FromMilliseconds(5) });
        _connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, 0);
        _clock.Now = 6;
    }

    private long Now => _clock.Now * Millisecond;

    public static Scenario Scenario(Access accesses, params KeepAliveRole[] roles) =>
        new(string.Join(" × ", roles), roles.Length, 1, accesses, () => new KeepAliveModel(roles));

    public Access KindOf(ref readonly byte location) => Access.State;

    public void Act(int actor)
    {
        switch (_roles[actor])
        {
            case KeepAliveRole.Wake:
                TurnAndRun();
                break;
            case KeepAliveRole.Fail:
                if (_connection.TryFail(Now))
                {
                    _failures++;
                    _moves++;
                }

                break;
            default:
                Lease();
                break;
        }
    }

    public void AfterStep(int actor) => Require(_evictions.Count <= 1, "it was evicted twice");

    public void AfterRun(int waiting, Func<int, bool> wasReleased)
    {
        TurnAndRun();
        KeepAliveState state = _connection.State;
        long deadline = _connection.DeadlineAt / Millisecond;
        string what = $"{state} until {deadline}, {_leases} leases, {_failures} failures, {_evictions.Count} evictions";
        Require(_failures <= 1 && (_failures == 0 || state == KeepAliveState.Error), what);
        bool expired = state == KeepAliveState.Error && _failures == 0;
        Require(_connection.GetStatistics(Now).Accepted == _moves + (expired ? 1 : 0), $"{what}, {_connection.GetStatistics(Now)}");
        if (state == KeepAliveState.Error)
        {
            // At once, whatever the idle timeout, and nothing is left of it.
            Require(_evictions is [{ At: 6 }] && deadline == 6 && _wheel.Count == 0, what);
            Require(_evictions[0].Reason == (expired ? EvictionReason.IdleTimeout : EvictionReason.Failure), what);
            Require(!expired || _leases == 0, "it was evicted as idle although it had just been used");
            return;
        }

        // Idle again: it has its whole timeout once more, and then it is evicted.
        Require(state == KeepAliveState.Idle && _leases > 0 && deadline == 11 && _evictions.Count == 0, what);
        for (_clock.Now = 7; _clock.Now <= 15; _clock.Now++)
        {
            TurnAndRun();
        }

        Require(_evictions is [{ At: 11, Reason: EvictionReason.IdleTimeout }] && _wheel.Count == 0, what);
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ViolationException(otherwise);
        }
    }

    private void Lease()
    {
        if (!_connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, Now))
        {
            return;
        }

        Require(++_holders == 1, "it was leased to two at once");
        _leases++;
        _moves++;
        Actor.BeforeAccess(Access.Receive);
        _holders--;
        if (_connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Now))
        {
            _moves++;
        }
        else
        {
            Require(_connection.State == KeepAliveState.Error, "whoever holds a sound connection could not give it back");
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
}
