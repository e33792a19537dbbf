using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>The rows of a query keep the rules that a driver's author is held to.</summary>
public sealed class ConformanceTests
{
    public static TheoryData<string> Rules => [.. RowSourceConformance.NamesFor(new PostgresSubject(failsOver: false).Abilities)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Query_KeepsTheRule(string rule) => RowSourceConformance.RunAsync(rule, new PostgresSubject(failsOver: false));

    [Theory]
    [MemberData(nameof(Rules))]
    public Task QueryThatFailsOver_KeepsTheRule(string rule) => RowSourceConformance.RunAsync(rule, new PostgresSubject(failsOver: true));
}
