using FsCheck;
using FsCheck.Fluent;
using Xunit.Abstractions;

namespace StreamRuntime.Tests;

/// <summary>Runs random histories against a model; a failing one is cut down to the steps it needs.</summary>
internal static class Histories
{
    /// <param name="output">Takes the seed.</param>
    /// <param name="step">How one step is made.</param>
    /// <param name="mostSteps">The longest history.</param>
    /// <param name="histories">How many, ten times as many in a full run.</param>
    /// <param name="run">Runs one history, and throws if model and subject differ.</param>
    public static void Check<TStep>(ITestOutputHelper output, Gen<TStep> step, int mostSteps, int histories, Action<TStep[]> run)
    {
        int seed = TestRun.Seed(output);
        Gen<TStep[]> history = Gen.Choose(1, mostSteps).SelectMany(length => step.ArrayOf(length));
        Prop.ForAll(Arb.From(history, Shorter), run)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(TestRun.IsFull ? histories * 10 : histories).WithReplay((ulong)seed, 1));
    }

    // Without one stretch of steps, the longest stretches first.
    private static IEnumerable<TStep[]> Shorter<TStep>(TStep[] steps)
    {
        for (int cut = steps.Length / 2; cut > 0; cut /= 2)
        {
            for (int from = 0; from + cut <= steps.Length; from += cut)
            {
                yield return [.. steps[..from], .. steps[(from + cut)..]];
            }
        }
    }
}
