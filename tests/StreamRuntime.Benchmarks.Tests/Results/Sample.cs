using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Tests.Results;

/// <summary>A made-up result of three rounds.</summary>
internal static class Sample
{
    public static SuiteResult Result { get; } = new()
    {
        Suite = "postgres-cpu",
        MeasuredAt = new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Source = new SourceVersion("abc", HasChanges: true),
        Machine = new Machine(2, "a processor", 4096, "a kernel", 0.25),
        Versions = new Dictionary<string, string> { ["PostgreSQL"] = "15" },
        Settings = new Dictionary<string, string> { ["rows"] = "1000" },
        Measurements =
        [
            Measure("streamrt", 100, 250, 120),
            Measure("libpq", 200, 200, 200),
            Measure("npgsql", 400, 600, 400),
        ],
        Goals = [],
    };

    private static Measurement Measure(string client, params double[] cpu) => new("json", client, [.. cpu.Select(c => new RoundFigures
    {
        WallNsPerRow = 1000,
        CpuNsPerRow = c,
        UserNsPerRow = c / 2,
        SystemNsPerRow = c / 2,
        PeakKb = 2048,
        Waits = 7,
        AllocatedBytes = client == "libpq" ? null : 500,
    })]);
}
