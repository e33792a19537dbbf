using System.Diagnostics;
using System.Runtime;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Runs what will be measured until the just-in-time compiler has nothing left to improve in it.</summary>
internal static class WarmUp
{
    // The compiler looks at what was called often after 100 ms in which nothing new was called; twice that, with nothing compiled, is quiet.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(2);

    /// <exception cref="RunException">Methods are still being compiled after half a minute, so that no figure would be one of settled code.</exception>
    public static void Settle(IReadOnlyCollection<Action> actions)
    {
        var total = Stopwatch.StartNew();
        var quiet = Stopwatch.StartNew();
        long compiled = -1;
        while (quiet.Elapsed < Quiet)
        {
            foreach (Action action in actions)
            {
                for (var turn = Stopwatch.StartNew(); turn.Elapsed < Turn;)
                {
                    action();
                }
            }

            if (JitInfo.GetCompiledMethodCount() != compiled)
            {
                compiled = JitInfo.GetCompiledMethodCount();
                quiet.Restart();
            }

            if (total.Elapsed > Most)
            {
                throw new RunException($"Methods are still being compiled after {Most.TotalSeconds} s of warm-up.");
            }
        }
    }
}
