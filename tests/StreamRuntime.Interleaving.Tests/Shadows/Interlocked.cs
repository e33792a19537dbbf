using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Streams;

/// <summary>Stands in for <see cref="System.Threading.Interlocked"/>, as <see cref="Volatile"/> does for its namesake.</summary>
internal static class Interlocked
{
    [return: NotNullIfNotNull(nameof(location))]
    public static T CompareExchange<T>(ref T location, T value, T comparand)
        where T : class?
    {
        Actor.BeforeAccess(Named<T>.Access);
        T seen = location;
        if (ReferenceEquals(seen, comparand))
        {
            location = value;
        }

        return seen;
    }

    public static byte CompareExchange(ref byte location, byte value, byte comparand)
    {
        Actor.BeforeAccess(in location);
        byte seen = location;
        if (seen == comparand)
        {
            location = value;
        }

        return seen;
    }

    public static int CompareExchange(ref int location, int value, int comparand)
    {
        Actor.BeforeAccess(Access.Ending);
        int seen = location;
        if (seen == comparand)
        {
            location = value;
        }

        return seen;
    }

    public static int Exchange(ref int location, int value)
    {
        Actor.BeforeAccess(Access.Ending);
        int seen = location;
        location = value;
        return seen;
    }

    public static byte Exchange(ref byte location, byte value)
    {
        Actor.BeforeAccess(Access.Ending);
        byte seen = location;
        location = value;
        return seen;
    }

    public static void MemoryBarrier() => Actor.BeforeAccess(Access.Ending);

    /// <summary>Changes nothing here, since every run is sequentially consistent; still a place where others may come in between.</summary>
    public static void MemoryBarrierProcessWide() => Actor.BeforeAccess(Access.Barrier);
}
