using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Streams;

/// <summary>Stands in for <see cref="System.Threading.Volatile"/>: each access first lets the schedule decide who is next.</summary>
/// <remarks>
/// The shadows are in the runtime's own namespace because a name found there wins over one from a using directive; that is the whole trick, and
/// why the runtime's sources need no hook. One actor runs at a time, so the access itself is a plain one and every run is sequentially consistent.
/// </remarks>
internal static class Volatile
{
    [return: NotNullIfNotNull(nameof(location))]
    public static T Read<T>([NotNullIfNotNull(nameof(location))] ref readonly T location)
        where T : class?
    {
        Actor.BeforeAccess(Named<T>.Access);
        return location;
    }

    public static void Write<T>(ref T location, T value)
        where T : class?
    {
        Actor.BeforeAccess(Named<T>.Access);
        location = value;
    }

    public static byte Read(ref readonly byte location)
    {
        Actor.BeforeAccess(in location);
        return location;
    }

    public static void Write(ref byte location, byte value)
    {
        Actor.BeforeAccess(in location);
        location = value;
    }

    public static int Read(ref readonly int location)
    {
        Actor.BeforeAccess(Access.Ending);
        return location;
    }

    public static void Write(ref int location, int value)
    {
        Actor.BeforeAccess(Access.Ending);
        location = value;
    }

    public static bool Read(ref readonly bool location)
    {
        Actor.BeforeAccess(Access.Ending);
        return location;
    }

    public static void Write(ref bool location, bool value)
    {
        Actor.BeforeAccess(Access.Ending);
        location = value;
    }

    // 64-bit fields are counters for the statistics; nothing is decided by them.
    public static long Read(ref readonly long location) => location;

    public static void Write(ref long location, long value) => location = value;
}

/// <summary>Tells the reference to the gate from other references, by name, since each mutant has a gate type of its own.</summary>
internal static class Named<T>
{
    public static readonly Access Access = typeof(T).Name == nameof(PauseGate) ? Access.Gate : Access.Ending;
}
