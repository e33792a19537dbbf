using System.Runtime;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Runs what will be measured until the just-in-time compiler has nothing left to improve in it.</summary>
/// <remarks>Time is this process's processor time: on a machine that others keep busy, the compiler's thread waits for its turn as much as ours does.</remarks>
internal static class WarmUp
{
    // The compiler looks at what was called often after 100 ms in which nothing new was called, and may then need a while for it.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(2);

    private static TimeSpan Now => Environment.CpuUsage.TotalTime;

    /// <exception cref="RunException">Methods are still being compiled after half a minute, so that no figure would be one of settled code.</exception>
    public static void Settle(IReadOnlyCollection<Action> actions)
    {
        TimeSpan startedAt = Now;
        TimeSpan quietSince = startedAt;
        long compiled = -1;
        while (Now - quietSince < Quiet)
        {
            foreach (Action action in actions)
            {
                TimeSpan turnAt = Now;
                while (Now - turnAt < Turn)
                {
                    action();
                }
            }

            if (JitInfo.GetCompiledMethodCount() is var count && count != compiled)
            {
                compiled = count;
                quietSince = Now;
            }

            if (Now - startedAt > Most)
            {
                throw new RunException($"Methods are still being compiled after {Most.TotalSeconds} s of warm-up.");
            }
        }
    }
}
