using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>How long a connection was in each of its states.</summary>
/// <remarks>A mutable struct. Each state is left once, by the one who made that move, so each entry is written once.</remarks>
internal struct StateTimes(long now)
{
    private Instants _left;
    private readonly long _entered = now;

    /// <summary>Notes that a state is left. Never zero, which says that it was not.</summary>
    public void Leave(ConnectionState state, long now) => Volatile.Write(ref _left[(int)state], Math.Max(1, now));

    /// <summary>Nanoseconds in each state up to the given one, which is the current one.</summary>
    public readonly TimeSpan In(ConnectionState state, ConnectionState current, long now)
    {
        long from = _entered;
        for (int i = 0; i < (int)state; i++)
        {
            from = Math.Max(from, _left[i]);
        }

        long left = _left[(int)state];
        return left != 0 ? TimeSpan.FromTicks((left - from) / TimeSpan.NanosecondsPerTick)
            : state == current ? TimeSpan.FromTicks((now - from) / TimeSpan.NanosecondsPerTick)
            : TimeSpan.Zero;
    }

    [InlineArray(6)]
    private struct Instants
    {
        private long _first;
    }
}
