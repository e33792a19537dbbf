using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Timing;

/// <summary>Stands in for <see cref="System.Threading.Interlocked"/> in the wheel's sources, as its namesake does in the streams'.</summary>
internal static class Interlocked
{
    public static long Exchange(ref long location, long value)
    {
        Actor.BeforeAccess(Access.Ending);
        long seen = location;
        location = value;
        return seen;
    }

    public static long CompareExchange(ref long location, long value, long comparand)
    {
        Actor.BeforeAccess(Access.Ending);
        long seen = location;
        if (seen == comparand)
        {
            location = value;
        }

        return seen;
    }
}

/// <summary>Stands in for <see cref="System.Threading.Volatile"/>.</summary>
internal static class Volatile
{
    public static long Read(ref readonly long location)
    {
        Actor.BeforeAccess(Access.Ending);
        return location;
    }

    public static void Write(ref long location, long value)
    {
        Actor.BeforeAccess(Access.Ending);
        location = value;
    }
}

/// <summary>Stands in for <see cref="System.Threading.Lock"/>, so that a <c>lock</c> on it is one of the explorer's.</summary>
internal sealed class Lock;
