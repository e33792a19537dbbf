using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Connections;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Connections;

/// <summary>As many connections' states as a question is asked of.</summary>
internal static class KeptAlive
{
    public static TimingWheel Wheel { get; } = new(TimeProvider.System);

    /// <summary>Connections that were idle once, so that their wake-up is filed as it is in a pool.</summary>
    public static KeepAlive[] Make() => Questions.MakeObjects(() =>
    {
        var made = new KeepAlive(Wheel, static _ => { });
        made.TryMove(KeepAliveState.Active, KeepAliveState.Idle, Wheel.Clock.Now);
        made.TryMove(KeepAliveState.Idle, KeepAliveState.Active, Wheel.Clock.Now);
        return made;
    });
}
