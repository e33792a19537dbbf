using System.Reflection;
using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Streams;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Tests.Suites;

public sealed class MicroSuiteTests
{
    private static readonly Type[] Benchmarks = [.. StateSuite.Benchmarks, .. StartupSuite.Benchmarks, .. PauseSuite.Benchmarks];

    [Fact]
    public void Benchmarks_OfTheProgram_AreAllInASuite() => Assert.Equal(
        typeof(MicroSuite).Assembly.GetTypes().Where(t => Cases(t).Length > 0).Select(t => t.Name).Order(),
        Benchmarks.Select(t => t.Name).Order());

    [Fact]
    public void Benchmarks_OfEveryClass_HaveASituationDifferentSubjectsAndOneBaseline() => Assert.All(Benchmarks, type =>
    {
        BenchmarkAttribute[] cases = Cases(type);
        Assert.NotNull(type.GetCustomAttribute<SituationAttribute>());
        Assert.Single(type.GetCustomAttribute<BenchmarkCategoryAttribute>()!.Categories, c => c is Category.RowStreams or Category.Connections);
        Assert.All(cases, c => Assert.False(string.IsNullOrEmpty(c.Description)));
        Assert.Equal(cases.Length, cases.Select(c => c.Description).Distinct().Count());
        Assert.Single(cases, c => c.Baseline);
    });

    [Fact]
    public void Situations_OfAllClasses_AreDifferent() =>
        Assert.Equal(Benchmarks.Length, Benchmarks.Select(t => t.GetCustomAttribute<SituationAttribute>()!.Name).Distinct().Count());

    [Fact]
    public void Goals_OfEverySuite_AreAboutCasesThatExist()
    {
        // A goal about a case that nobody measures would never be checked, and nobody would notice.
        HashSet<(string Situation, string Subject)> cases =
        [
            .. from type in Benchmarks from found in Cases(type) select (type.GetCustomAttribute<SituationAttribute>()!.Name, found.Description!),
            .. from run in MemoryRun.All from subject in new[] { Subject.BareLoop, Subject.OneByte } select (run.Name, subject),
            .. from count in PausedMemory.Counts from subject in PausedMemory.Subjects select (PausedMemory.Situation(count), subject),
        ];

        Goal[] goals = [.. AllSuites.List.OfType<MicroSuite>().SelectMany(s => s.Goals)];

        Assert.NotEmpty(goals);
        Assert.All(goals, g => Assert.Contains((g.Situation, g.Subject), cases));
        Assert.All(goals.Where(g => g.Reference is not null), g => Assert.Contains((g.Situation, g.Reference!), cases));
    }

    [Theory]
    [InlineData("startup", Subject.OneByte)]
    [InlineData("pause", PausedMemory.BeforeFirstRow)]
    public async Task MeasureRound_OfASuite_HasTheFiguresOfAProcessOfItsOwn(string name, string subject)
    {
        await using ISuiteRun run = await AllSuites.Find(name).StartAsync(new SuiteSettings(1000, IsQuick: true));

        IReadOnlyList<CaseFigures> found = await run.MeasureRoundAsync();

        Assert.Contains(found, f => f.Subject == subject && f.Figures.Values.All(v => v > 0));
    }

    private static BenchmarkAttribute[] Cases(Type type) => [.. type.GetMethods().Select(m => m.GetCustomAttribute<BenchmarkAttribute>()).OfType<BenchmarkAttribute>()];
}
