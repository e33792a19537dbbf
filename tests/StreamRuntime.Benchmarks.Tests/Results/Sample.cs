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
        Unit = "row",
        References = ["libpq", "npgsql"],
        Measurements =
        [
            Measure("streamrt", 100, 250, 120),
            Measure("libpq", 200, 200, 200),
            Measure("npgsql", 400, 600, 400),
        ],
        Goals = [],
    };

    private static Measurement Measure(string subject, params double[] cpu) => new("json", subject, [.. cpu.Select(c => OneRound(subject, c))]);

    private static Dictionary<string, double> OneRound(string subject, double cpu)
    {
        var figures = new Dictionary<string, double>
        {
            [Figure.TimeNs] = 1000,
            [Figure.CpuNs] = cpu,
            [Figure.UserNs] = cpu / 2,
            [Figure.SystemNs] = cpu / 2,
            [Figure.PeakMb] = 2,
            [Figure.Waits] = 7,
        };
        if (subject != "libpq")
        {
            figures[Figure.AllocatedBytes] = 0.5;
        }

        return figures;
    }
}
