using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.DriverSample.Tests;

/// <summary>The driver keeps every rule: all that a driver's own tests need to say.</summary>
public sealed class ConformanceTests
{
    private static readonly LineProtocolSubject Driver = new(async connection => await LineProtocolRowSource.StartAsync(connection, "everything"));

    public static TheoryData<string> Rules => [.. RowSourceConformance.NamesFor(Driver.Abilities)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Driver_KeepsTheRule(string rule) => RowSourceConformance.RunAsync(rule, Driver);

    [Fact]
    public void Rules_OfADriverWithAServer_AreAllOfThem() => Assert.Equal(RowSourceConformance.Rules.Count, Rules.Count);
}
