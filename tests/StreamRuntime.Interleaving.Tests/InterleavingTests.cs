using System.Diagnostics;
using System.Globalization;
using StreamRuntime.Interleaving.Tests.Scheduling;
using StreamRuntime.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Interleaving.Tests;

/// <summary>The stream's own code under every interleaving: no illegal transition, one winner a move, no lost wake-up, a pause that holds.</summary>
/// <remarks>
/// By default the 756 756 words of three actors are sampled; <c>STREAMRUNTIME_TEST_FULL=1</c> runs them all. The sample's seed is printed, and
/// <c>STREAMRUNTIME_TEST_SEED</c> repeats it.
/// </remarks>
public sealed class InterleavingTests(ITestOutputHelper output)
{
    private const int ThreeByFiveWords = 756_756; // 15! / (5! 5! 5!)
    private const int TwoByEightWords = 12_870; // 16! / (8! 8!)
    private const int Sample = 4_000;

    private static readonly bool s_full = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";

    private static readonly int s_seed = int.TryParse(
        Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out int seed) ? seed : Random.Shared.Next();

    public static TheoryData<string> ThreeByFive => Named(Scenarios.ThreeByFive);

    public static TheoryData<string> TwoByEight => Named(Scenarios.TwoByEight);

    public static TheoryData<string> Exhaustive => Named(s_full ? [.. Scenarios.Exhaustive, .. Scenarios.LongExhaustive] : Scenarios.Exhaustive);

    [Theory]
    [MemberData(nameof(ThreeByFive))]
    public void Interleaving_OfThreeActorsWithFiveSteps_KeepsThePromises(string scenario)
    {
        int count = s_full ? ThreeByFiveWords : Sample;
        output.WriteLine(s_full ? "all words" : $"seed {s_seed}");
        Func<byte[], bool> words = s_full ? Words.All(3, 5) : Words.Some(3, 5, count, s_seed);
        Assert.Equal(count, Run(Find(Scenarios.ThreeByFive, scenario), () => new WordSchedule(words, 15), explorers: s_full ? Environment.ProcessorCount : 1));
    }

    [Theory]
    [MemberData(nameof(TwoByEight))]
    public void EveryInterleaving_OfTwoActorsWithEightSteps_KeepsThePromises(string scenario) =>
        Assert.Equal(TwoByEightWords, Run(Find(Scenarios.TwoByEight, scenario), () => new WordSchedule(Words.All(2, 8), 16)));

    [Theory]
    [MemberData(nameof(Exhaustive))]
    public void EverySchedule_OfSingleOperations_KeepsThePromises(string scenario) =>
        Run(Find([.. Scenarios.Exhaustive, .. Scenarios.LongExhaustive], scenario), () => new ExhaustiveSchedule());

    private static TheoryData<string> Named(IEnumerable<Scenario> scenarios) => [.. scenarios.Select(scenario => scenario.Name)];

    private static Scenario Find(Scenario[] scenarios, string name) => Array.Find(scenarios, scenario => scenario.Name == name)!;

    // Several explorers share the words of one scenario.
    private int Run(Scenario scenario, Func<Schedule> begin, int explorers = 1)
    {
        long start = Stopwatch.GetTimestamp();
        var found = new Exploration[explorers];
        Parallel.For(0, explorers, index => found[index] = Explorer.Explore(scenario, begin()));
        int runs = found.Sum(exploration => exploration.Runs);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{runs} schedules in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
        string? violation = found.FirstOrDefault(exploration => exploration.Violation is not null)?.Violation;
        Assert.True(violation is null, violation);
        return runs;
    }
}
