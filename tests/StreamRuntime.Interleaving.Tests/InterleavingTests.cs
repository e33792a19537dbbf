using System.Diagnostics;
using StreamRuntime.Interleaving.Tests.Scheduling;
using StreamRuntime.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Interleaving.Tests;

public sealed class InterleavingTests(ITestOutputHelper output)
{
    public static TheoryData<int> ThreeByFive => [.. Enumerable.Range(0, Scenarios.ThreeByFive.Length)];

    public static TheoryData<int> TwoByEight => [.. Enumerable.Range(0, Scenarios.TwoByEight.Length)];

    public static TheoryData<int> Exhaustive => [.. Enumerable.Range(0, Scenarios.Exhaustive.Length)];

    [Theory]
    [MemberData(nameof(TwoByEight))]
    public void EveryInterleaving_OfTwoActorsWithEightSteps_KeepsThePromises(int scenario) =>
        Assert.Equal(12_870, Run(Scenarios.TwoByEight[scenario], new WordSchedule(Words.All(2, 8), 16)));

    [Theory]
    [MemberData(nameof(ThreeByFive))]
    public void EveryInterleaving_OfThreeActorsWithFiveSteps_KeepsThePromises(int scenario) =>
        Assert.Equal(20_000, Run(Scenarios.ThreeByFive[scenario], new WordSchedule(Words.Some(3, 5, 20_000, 1), 15)));

    [Theory]
    [MemberData(nameof(Exhaustive))]
    public void EverySchedule_OfSingleOperations_KeepsThePromises(int scenario) =>
        Run(Scenarios.Exhaustive[scenario], new ExhaustiveSchedule());

    private int Run(Scenario scenario, Schedule schedule)
    {
        long start = Stopwatch.GetTimestamp();
        Exploration found = Explorer.Explore(scenario, schedule);
        output.WriteLine($"{scenario}: {found.Runs} schedules in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s");
        Assert.True(found.Violation is null, found.Violation);
        return found.Runs;
    }
}
