using StreamRuntime.Benchmarks.Micro;

namespace StreamRuntime.Benchmarks.Tests.Micro;

public sealed class WarmUpTests
{
    [Fact]
    public void Settle_RunsEveryAction_OftenEnoughToBeCompiledWell()
    {
        int[] runs = new int[3];

        WarmUp.Settle([.. Enumerable.Range(0, runs.Length).Select(i => (Action)(() => runs[i]++))]);

        // The compiler looks again at what was called thirty times.
        Assert.All(runs, r => Assert.True(r > 30));
    }
}
