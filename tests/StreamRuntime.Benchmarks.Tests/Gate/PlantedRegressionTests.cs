using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Tests.Gate.Planting;
using Xunit.Abstractions;

namespace StreamRuntime.Benchmarks.Tests.Gate;

/// <summary>
/// The gate on real processes: it must find what was planted, and nothing where nothing was. By default with one build, told to be slower on one side; the long form also patches the
/// sources of a copy of the repository, and repeats.
/// </summary>
public sealed class PlantedRegressionTests(ITestOutputHelper output)
{
    private const string OneBuild = "one build";

    private static readonly Dictionary<string, IPlantable> s_plantables = Find();

    public static TheoryData<string> Subjects => [.. s_plantables.Keys];

    private static int Repetitions => TestRun.IsFull ? 10 : 1;

    [Theory]
    [MemberData(nameof(Subjects))]
    public async Task NothingPlanted_Passes(string subject)
    {
        for (int i = 0; i < Repetitions; i++)
        {
            GateOutcome outcome = await RunAsync(subject, Plant.Nothing);

            Assert.Equal(0, outcome.ExitCode);
            Assert.Contains("\nThe gate passed: ", outcome.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Subjects))]
    public async Task Slowdown_FailsTheGate_WhichNamesTheCase(string subject)
    {
        GateOutcome outcome = await RunAsync(subject, Plant.Slowdown);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(outcome.PlantedCase!, outcome.CasesWith("REGRESSION in time"));
        Assert.Empty(outcome.CasesWith("REGRESSION in bytes"));
    }

    [Theory]
    [MemberData(nameof(Subjects))]
    public async Task AnObjectARow_FailsTheGate_WhichNamesTheCase(string subject)
    {
        GateOutcome outcome = await RunAsync(subject, Plant.Allocation);

        Assert.Equal(1, outcome.ExitCode);
        string[] found = [.. outcome.CasesWith("REGRESSION in bytes"), .. outcome.CasesWith("REGRESSION in time and bytes")];
        Assert.NotEmpty(found);
        Assert.True(outcome.PlantedCase is null || found.SequenceEqual([outcome.PlantedCase]), outcome.Output);
    }

    // The long form must not be the first to notice that the sources have changed.
    [Fact]
    public void PerRow_IsStillThere()
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, PerRow.File));

        Assert.Equal(source, PerRow.Insert(source, "Planted();").Replace("        Planted();\n", "", StringComparison.Ordinal));
    }

    private static Dictionary<string, IPlantable> Find()
    {
        Dictionary<string, IPlantable> found = new() { [OneBuild] = new SameBuild() };
        if (TestRun.IsFull)
        {
            found.Add("patched copy, self-check", new PatchedCopy(["self-check"]));
            string[] quick = [.. AllSuites.List.Where(s => s.IsQuick).Select(s => s.Name)];
            if (quick.Length > 0)
            {
                found.Add("patched copy, quick suites", new PatchedCopy(quick));
            }
        }

        return found;
    }

    private async Task<GateOutcome> RunAsync(string subject, Plant plant)
    {
        GateOutcome outcome = await s_plantables[subject].RunGateAsync(plant);
        output.WriteLine(outcome.Output);
        return outcome;
    }
}
