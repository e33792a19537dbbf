using StreamRuntime.Interleaving.Tests.Scheduling;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Interleaving.Tests.Timing;

/// <summary>The wheel's own code under every interleaving: no schedule is lost or run twice, and cancel says the truth.</summary>
/// <remarks>Those of three actors that come in between when one leaves a lock are sampled, a hundred times as many with <c>STREAMRUNTIME_TEST_FULL=1</c>.</remarks>
public sealed class DeadlineTests(ITestOutputHelper output)
{
    private static readonly bool s_full = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";

    private static readonly DeadlineRole[] s_others =
        [DeadlineRole.Schedule, DeadlineRole.ScheduleSooner, DeadlineRole.MoveLater, DeadlineRole.Cancel, DeadlineRole.Expire, DeadlineRole.Dispose];

    public static TheoryData<string> Pairs => [.. s_others.Select(a => Name(DeadlineRole.Turn, a)), .. Distinct.Select(p => Name(p.A, p.B))];

    public static TheoryData<string> Triples => [.. Distinct.Select(p => Name(DeadlineRole.Turn, p.A, p.B))];

    private static IEnumerable<(DeadlineRole A, DeadlineRole B)> Distinct => from a in s_others from b in s_others where a < b select (a, b);

    [Theory]
    [MemberData(nameof(Pairs))]
    public void EverySchedule_OfTwoActors_KeepsThePromises(string roles) => Run(roles, Access.Unlock, () => new ExhaustiveSchedule());

    [Theory]
    [MemberData(nameof(Triples))]
    public void Schedules_OfThreeActors_KeepThePromises(string roles)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_SEED"), out int given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed} (STREAMRUNTIME_TEST_SEED)");
        Run(roles, Access.Unlock, () => new WordSchedule(Words.Some(3, 12, s_full ? 100_000 : 1_000, seed), 36));

        // Leaving a lock is no place to come in between, for code that keeps to it.
        Run(roles, Access.None, () => new ExhaustiveSchedule());
    }

    private static string Name(params DeadlineRole[] roles) => string.Join(' ', roles);

    private void Run(string roles, Access more, Func<Schedule> schedule)
    {
        foreach (bool beginsMoved in new[] { false, true })
        {
            Scenario scenario = DeadlineModel.Scenario(more, beginsMoved, [.. roles.Split(' ').Select(Enum.Parse<DeadlineRole>)]);
            Exploration found = Explorer.Explore(scenario, schedule());
            output.WriteLine($"{scenario.Name}: {found.Runs} schedules");
            Assert.True(found.Violation is null, found.Violation);
        }
    }
}
