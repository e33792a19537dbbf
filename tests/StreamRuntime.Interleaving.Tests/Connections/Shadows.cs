using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Connections;

/// <summary>Stands in for <see cref="System.Threading.Interlocked"/> in the connections' sources, as its namesake does in the streams'.</summary>
internal static class Interlocked
{
    [return: NotNullIfNotNull(nameof(location))]
    public static T CompareExchange<T>(ref T location, T value, T comparand)
        where T : class?
    {
        Actor.BeforeAccess(Access.State);
        T seen = location;
        if (ReferenceEquals(seen, comparand))
        {
            location = value;
        }

        return seen;
    }

    public static byte CompareExchange(ref byte location, byte value, byte comparand)
    {
        Actor.BeforeAccess(Access.State);
        byte seen = location;
        if (seen == comparand)
        {
            location = value;
        }

        return seen;
    }

    public static int CompareExchange(ref int location, int value, int comparand)
    {
        Actor.BeforeAccess(Access.Phase);
        int seen = location;
        if (seen == comparand)
        {
            location = value;
        }

        return seen;
    }

    public static int Exchange(ref int location, int value)
    {
        Actor.BeforeAccess(Access.Phase);
        int seen = location;
        location = value;
        return seen;
    }

    // 64-bit fields that are incremented are counters for the statistics; nothing is decided by them.
    public static long Increment(ref long location) => ++location;

    public static long Read(ref readonly long location) => location;
}

/// <summary>Stands in for <see cref="System.Threading.Volatile"/>.</summary>
internal static class Volatile
{
    [return: NotNullIfNotNull(nameof(location))]
    public static T Read<T>([NotNullIfNotNull(nameof(location))] ref readonly T location)
        where T : class?
    {
        Actor.BeforeAccess(Access.State);
        return location;
    }

    public static byte Read(ref readonly byte location)
    {
        Actor.BeforeAccess(Access.State);
        return location;
    }

    public static void Write(ref byte location, byte value)
    {
        Actor.BeforeAccess(Access.State);
        location = value;
    }

    public static void Write(ref int location, int value)
    {
        Actor.BeforeAccess(Access.Phase);
        location = value;
    }

    public static long Read(ref readonly long location)
    {
        Actor.BeforeAccess(Access.Phase);
        return location;
    }

    public static void Write(ref long location, long value)
    {
        Actor.BeforeAccess(Access.Phase);
        location = value;
    }
}

/// <summary>Stands in for <see cref="System.Threading.SpinWait"/>: whoever spins is not picked again before somebody else made a step.</summary>
internal struct SpinWait
{
    public readonly void SpinOnce()
    {
        if (Actor.Current is { } actor)
        {
            actor.Context.Post(static _ => { }, null);
            actor.TryPump();
        }
    }
}
