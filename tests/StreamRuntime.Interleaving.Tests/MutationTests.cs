using StreamRuntime.Interleaving.Tests.Mutations;
using StreamRuntime.Interleaving.Tests.Scheduling;
using StreamRuntime.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Interleaving.Tests;

public sealed class MutationTests(Mutants mutants, ITestOutputHelper output) : IClassFixture<Mutants>
{
    public static TheoryData<int, string> All
    {
        get
        {
            var all = new TheoryData<int, string>();
            foreach ((int index, Mutation mutation) in Catalogue.All.Index())
            {
                all.Add(index, mutation.Name);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Mutation_OfTheMachine_IsFound(int mutant, string name)
    {
        string? found = Find(mutant);
        Assert.True(found is not null, $"Nothing noticed that {name}.");
        output.WriteLine(found);
    }

    [Fact]
    public void Table_IsTheSpecifications() => Assert.Null(FindInTable(StreamStateCell.CanMove));

    private static string? FindInTable(Func<StreamState, StreamState, bool> canMove)
    {
        foreach (StreamState from in Enum.GetValues<StreamState>())
        {
            foreach (StreamState to in Enum.GetValues<StreamState>())
            {
                if (canMove(from, to) != Legal.CanMove(from, to))
                {
                    return $"{from} → {to} is {canMove(from, to)} in the table";
                }
            }
        }

        return null;
    }

    private string? Find(int mutant)
    {
        if (FindInTable(mutants.GetTable(mutant)) is { } inTable)
        {
            return inTable;
        }

        // Schedules that the machine itself passes; the cheap ones first.
        Scenario[] three = mutants.GetScenarios(mutant, nameof(Scenarios.ThreeByFive));
        return Explore(three, () => new WordSchedule(Words.Some(3, 5, 200, seed: 1), 15))
            ?? Explore(mutants.GetScenarios(mutant, nameof(Scenarios.Exhaustive)), () => new ExhaustiveSchedule())
            ?? Explore(mutants.GetScenarios(mutant, nameof(Scenarios.TwoByEight)), () => new WordSchedule(Words.All(2, 8), 16))
            ?? Explore(three, () => new WordSchedule(Words.Some(3, 5, 20_000, seed: 1), 15));
    }

    private static string? Explore(Scenario[] scenarios, Func<Schedule> begin) =>
        scenarios.Select(scenario => Explorer.Explore(scenario, begin()).Violation).FirstOrDefault(violation => violation is not null);
}
