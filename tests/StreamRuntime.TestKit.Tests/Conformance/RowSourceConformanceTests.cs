using StreamRuntime.TestKit.Conformance;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.TestKit.Tests.Conformance;

public sealed class RowSourceConformanceTests
{
    [Fact]
    public void Rules_HaveNamesAndPromisesOfTheirOwn()
    {
        Assert.Equal(RowSourceConformance.Rules.Count, RowSourceConformance.Rules.Select(rule => rule.Name).Distinct().Count());
        Assert.Equal(RowSourceConformance.Rules.Count, RowSourceConformance.Rules.Select(rule => rule.Promise).Distinct().Count());
        Assert.All(RowSourceConformance.Rules, rule => Assert.Matches("^[a-z]+(-[a-z]+)*$", rule.Name));
    }

    [Fact]
    public void NamesFor_FarSideOfAllAbilities_AreAllRules()
    {
        Assert.Equal(RowSourceConformance.Rules.Select(rule => rule.Name), RowSourceConformance.NamesFor(SourceAbilities.All));
        Assert.DoesNotContain("null-row", RowSourceConformance.NamesFor(SourceAbilities.All & ~SourceAbilities.NullRows));
        Assert.Contains("empty-result", RowSourceConformance.NamesFor(SourceAbilities.None));
    }

    [Fact]
    public async Task Run_RuleThatDoesNotApply_IsAMistakeOfTheTest()
    {
        var subject = new Subject(SourceAbilities.None, _ => new OpenedSource(new ScriptedRowSource()));

        Assert.Contains("NullRows", (await Assert.ThrowsAsync<InvalidOperationException>(() => RowSourceConformance.RunAsync("null-row", subject))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => RowSourceConformance.RunAsync("no-such-rule", subject));
    }

    [Fact]
    public async Task Run_AbilityWithoutItsMember_SaysWhichIsMissing()
    {
        var subject = new Subject(SourceAbilities.Silence, _ => new OpenedSource(new ScriptedRowSource()));

        ConformanceException broken = await Assert.ThrowsAsync<ConformanceException>(() => RowSourceConformance.RunAsync("empty-result", subject));

        Assert.Contains("OpenedSource.GoOn", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SourceThatKeepsTheRule_ClosesItsFarSideOnce()
    {
        int closed = 0;
        var subject = new Subject(SourceAbilities.AnyRows, script => new OpenedSource(new ScriptedRowSource().Delivers([.. script.Rows.Select(row => row!)]))
        {
            CloseAsync = () =>
            {
                closed++;
                return default;
            },
        });

        await RowSourceConformance.RunAsync("end-is-noticed", subject);

        Assert.Equal(1, closed);
    }

    [Fact]
    public async Task Run_SourceThatFailsToClose_BreaksTheRuleByThat()
    {
        var subject = new Subject(SourceAbilities.None, script => new OpenedSource(
            new ScriptedRowSource().Delivers([.. script.Rows.Select(row => row!)]).FailsToClose(new IOException("stuck"))));

        ConformanceException broken = await Assert.ThrowsAsync<ConformanceException>(() => RowSourceConformance.RunAsync("end-is-noticed", subject));

        Assert.Equal("end-is-noticed: disposing the source failed: stuck", broken.Message);
    }

    private sealed class Subject(SourceAbilities abilities, Func<SourceScript, OpenedSource> open) : SourceUnderTest
    {
        public override SourceAbilities Abilities => abilities;

        public override ValueTask<OpenedSource> OpenAsync(SourceScript script) => new(open(script));
    }
}
