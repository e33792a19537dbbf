using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;

namespace StreamRuntime.Benchmarks.Tests.Gate;

/// <summary>A build whose figures are made up.</summary>
internal sealed class ScriptedWorker(string name, Func<string, int, IReadOnlyList<CaseFigures>> measure) : IWorker
{
    private readonly Dictionary<string, int> _rounds = [];

    public string Name => name;

    public IReadOnlyList<WorkerSuite> Suites { get; init; } = [Suite("s")];

    public List<string>? Log { get; init; }

    public int RoundsOf(string suite) => _rounds.GetValueOrDefault(suite);

    public static WorkerSuite Suite(string name, params string[] references) => new(name, references, new Dictionary<string, string>());

    public static CaseFigures Cpu(string subject, double cpuNs) => new("x", subject, new Dictionary<string, double> { [Figure.CpuNs] = cpuNs });

    public static CaseFigures CpuAndBytes(string subject, double cpuNs, double bytes, bool areExact) =>
        new("x", subject, new Dictionary<string, double> { [Figure.CpuNs] = cpuNs, [Figure.AllocatedBytes] = bytes }, areExact);

    public Task<IReadOnlyList<CaseFigures>> MeasureAsync(string suite)
    {
        int round = RoundsOf(suite);
        _rounds[suite] = round + 1;
        Log?.Add(name);
        return Task.FromResult(measure(suite, round));
    }

    public ValueTask DisposeAsync() => default;
}
