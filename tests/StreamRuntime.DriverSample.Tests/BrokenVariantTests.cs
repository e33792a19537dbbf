using StreamRuntime.DriverSample.Tests.Variants;
using StreamRuntime.TestKit.Conformance;
using Xunit.Abstractions;

namespace StreamRuntime.DriverSample.Tests;

/// <summary>The suite finds what is wrong: for every rule a variant of the driver that breaks it.</summary>
public sealed class BrokenVariantTests(BrokenDrivers drivers, ITestOutputHelper output) : IClassFixture<BrokenDrivers>
{
    // A variant that hangs is found by this and nothing else.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static TheoryData<int, string> All
    {
        get
        {
            var all = new TheoryData<int, string>();
            foreach ((int index, Variant variant) in Catalogue.All.Index())
            {
                all.Add(index, variant.ToString());
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Variant_BreaksItsRule(int index, string name)
    {
        Variant variant = Catalogue.All[index];
        var subject = new LineProtocolSubject(connection => drivers.StartAsync(index, connection), Patience);

        ConformanceException broken = await Assert.ThrowsAsync<ConformanceException>(() => RowSourceConformance.RunAsync(variant.Rule, subject));

        output.WriteLine($"{name} → {broken.Message}");
        Assert.Equal(variant.Rule, broken.Rule);
        Assert.Contains(variant.Says, broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Catalogue_HasAVariantForEveryRule() =>
        Assert.Equal(RowSourceConformance.Rules.Select(rule => rule.Name).Order(), Catalogue.All.Select(variant => variant.Rule).Distinct().Order());

    [Fact]
    public void Driver_FitsInLessThanAHundredLines() => Assert.InRange(BrokenDrivers.Source.Split('\n').Length - 1, 50, 99);
}
