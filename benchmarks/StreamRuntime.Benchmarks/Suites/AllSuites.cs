using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>The suites there are.</summary>
internal static class AllSuites
{
    public static IReadOnlyList<ISuite> List { get; } =
        [new StateSuite(), new StartupSuite(), new StreamSuite(), new PauseSuite(), new PostgresSuite(), new PostgresCpuSuite(), new AdoSuite(), new GatewaySuite()];

    public static IReadOnlyList<string> Names { get; } = [.. List.Select(s => s.Name)];

    // Measured only when named.
    private static ISuite[] Unlisted { get; } = [new SelfCheckSuite()];

    public static ISuite? TryFind(string name) => List.Concat(Unlisted).FirstOrDefault(s => s.Name == name);

    public static ISuite Find(string name) =>
        TryFind(name) ?? throw new RunException($"There is no suite {name}. Suites: {string.Join(", ", Names)}.", exitCode: 2);
}
