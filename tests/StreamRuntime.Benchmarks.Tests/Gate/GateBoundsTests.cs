using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Tests.Gate;

public class GateBoundsTests
{
    [Theory]
    [InlineData("40", new[] { 4, 6, 9, 14, 21, 32, 40 })]
    [InlineData("32", new[] { 4, 6, 9, 14, 21, 32 })]
    [InlineData("9", new[] { 4, 6, 9 })]
    [InlineData("8", new[] { 4, 6, 8 })]
    [InlineData("3", new[] { 3 })]
    public void Looks_GrowByHalf_UpToTheBound(string rounds, int[] looks) => Assert.Equal(looks, GateBounds.Of(RunOptions.Parse(["-Against", "main", "-Rounds", rounds])).Looks);

    [Fact]
    public void Quick_IsOverWithinSixMinutes()
    {
        var bounds = GateBounds.Of(RunOptions.Parse(["-Against", "main", "-Quick"]));

        // At the worst both builds are hung: the reference in its build, or one of the two in its last round.
        Assert.True(bounds.Time + bounds.Workers.Round <= TimeSpan.FromMinutes(6));
        Assert.True(bounds.Build + (2 * bounds.Workers.Start) + bounds.Workers.Round <= TimeSpan.FromMinutes(6));
    }
}
