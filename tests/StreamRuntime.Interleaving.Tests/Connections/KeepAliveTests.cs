using StreamRuntime.Connections;
using StreamRuntime.Interleaving.Tests.Scheduling;
using Xunit.Abstractions;

namespace StreamRuntime.Interleaving.Tests.Connections;

/// <summary>The connection's own code, and the wheel's with it: one holder, one eviction, and none that comes too early or never.</summary>
/// <remarks>Every interleaving at the cell and the locks; a sample of those at every access, a hundred times as large with <c>STREAMRUNTIME_TEST_FULL=1</c>.</remarks>
public sealed class KeepAliveTests(ITestOutputHelper output)
{
    // Receive is the use of the connection between lease and return.
    private const Access Coarse = Access.State | Access.Gate | Access.Receive;
    private const Access Everything = Coarse | Access.Phase | Access.Ending;

    private static readonly int s_sample = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1" ? 500_000 : 5_000;

    [Theory]
    [InlineData("Wake Lease")]
    [InlineData("Wake Fail")]
    [InlineData("Lease LeaseToo")]
    [InlineData("Lease Fail")]
    public void EveryInterleaving_OfTwoActors_KeepsThePromises(string roles)
    {
        Run(roles, Coarse, new ExhaustiveSchedule());
        Run(roles, Everything, new WordSchedule(Words.Some(2, 20, s_sample, Seed()), 40));
    }

    [Theory]
    [InlineData("Wake Lease LeaseToo")]
    [InlineData("Wake Lease Fail")]
    [InlineData("Lease LeaseToo Fail")]
    [InlineData("Wake Lease LeaseToo Fail")]
    public void Interleavings_OfMoreActors_KeepThePromises(string roles)
    {
        int actors = roles.Split(' ').Length;
        Run(roles, Everything, new WordSchedule(Words.Some(actors, 15, s_sample, Seed()), actors * 15));
    }

    private int Seed()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_SEED"), out int given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed} (STREAMRUNTIME_TEST_SEED)");
        return seed;
    }

    private void Run(string roles, Access accesses, Schedule schedule)
    {
        Exploration found = Explorer.Explore(KeepAliveModel.Scenario(accesses, [.. roles.Split(' ').Select(Enum.Parse<KeepAliveRole>)]), schedule);
        output.WriteLine($"{found.Runs} schedules");
        Assert.True(found.Violation is null, found.Violation);
    }
}
