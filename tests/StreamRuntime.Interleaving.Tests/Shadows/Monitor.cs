using StreamRuntime.Interleaving.Tests.Scheduling;

namespace System.Threading;

/// <summary>What a <c>lock</c> statement of this assembly calls: the compiler looks for this type among an assembly's own sources first.</summary>
/// <remarks>An actor that finds the lock held is blocked until its holder leaves. Code that must really lock uses <see cref="Lock"/>.</remarks>
internal static class Monitor
{
    public static void Enter(object lockedOn, ref bool lockTaken)
    {
        Actor.EnterLock(lockedOn);
        lockTaken = true;
    }

    public static void Exit(object lockedOn) => Actor.ExitLock(lockedOn);
}
