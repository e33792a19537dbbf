using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>When something came into each of its states, which it goes through in the order of their numbers, some of them left out.</summary>
/// <remarks>A mutable struct: hold it in a non-readonly field. Each state is entered once, by the caller that made the move; any thread may read.</remarks>
internal struct StateTimes
{
    private const int MostStates = 6;

    private Instants _entered;

    /// <param name="now">When the first state, number zero, was entered, in nanoseconds.</param>
    public StateTimes(long now) => Enter(0, now);

    public readonly int Transitions
    {
        get
        {
            int entered = 0;
            for (int state = 1; state < MostStates; state++)
            {
                entered += Volatile.Read(in _entered[state]) != 0 ? 1 : 0;
            }

            return entered;
        }
    }

    /// <summary>Notes that a state is entered. Never zero, which says that it was not.</summary>
    public void Enter(int state, long now) => Volatile.Write(ref _entered[state], Math.Max(1, now));

    /// <summary>How long a state lasted, until the next one was entered, or until now; zero for one it never was in.</summary>
    public readonly TimeSpan In(int state, long now)
    {
        long entered = Volatile.Read(in _entered[state]);
        if (entered == 0)
        {
            return TimeSpan.Zero;
        }

        long until = now;
        for (int later = MostStates - 1; later > state; later--)
        {
            long next = Volatile.Read(in _entered[later]);
            until = next != 0 ? next : until;
        }

        return TimeSpan.FromTicks(Math.Max(0, until - entered) / TimeSpan.NanosecondsPerTick);
    }

    [InlineArray(MostStates)]
    private struct Instants
    {
        private long _first;
    }
}
