using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>When a session came into each of its states.</summary>
/// <remarks>A mutable struct: hold it in a non-readonly field. Each state is entered once, by the caller that made the move; any thread may read.</remarks>
internal struct StateTimes
{
    // A timestamp of 0 is "not yet"; one that would be 0 counts as 1, a tick off.
    private Timestamps _entered;

    public void Enter(BridgeState state, long now) => Volatile.Write(ref _entered[(int)state], Math.Max(1, now));

    public readonly int Transitions
    {
        get
        {
            int entered = 0;
            for (int state = (int)BridgeState.Connecting; state <= (int)BridgeState.Closed; state++)
            {
                entered += Volatile.Read(in _entered[state]) != 0 ? 1 : 0;
            }

            return entered;
        }
    }

    /// <summary>How long each state lasted, until the next one was entered, or until now.</summary>
    public readonly TimeSpan[] Measure(TimeProvider time)
    {
        var times = new TimeSpan[(int)BridgeState.Closed + 1];
        long until = Volatile.Read(in _entered[(int)BridgeState.Closed]);
        until = until == 0 ? time.GetTimestamp() : until;
        for (int state = (int)BridgeState.Closing; state >= 0; state--)
        {
            long entered = Volatile.Read(in _entered[state]);
            if (entered != 0)
            {
                times[state] = until > entered ? time.GetElapsedTime(entered, until) : TimeSpan.Zero;
                until = entered;
            }
        }

        return times;
    }

    [InlineArray((int)BridgeState.Closed + 1)]
    private struct Timestamps
    {
        private long _first;
    }
}
