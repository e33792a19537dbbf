using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>The rows of a query keep the rules that a driver's author is held to.</summary>
public sealed class ConformanceTests
{
    private static readonly PostgresSubject Source = new();

    public static TheoryData<string> Rules => [.. RowSourceConformance.NamesFor(Source.Abilities)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Query_KeepsTheRule(string rule) => RowSourceConformance.RunAsync(rule, Source);
}
