using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Streams;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>What a row costs on its way from memory to a sink, against a bare loop over the same bytes.</summary>
internal sealed class StreamSuite : MicroSuite
{
    private const double MostOfBareLoop = 1.3;

    // What a whole run may allocate, however many rows it reads.
    private const double MostBytesOfRun = 256 * 1024;
    private const int MillionRows = 1_000_000;

    public override string Name => "stream";

    public override string Question => "up to -Rows rows from memory to a sink, in batches and in each format, against a bare loop";

    public override string Unit => "row";

    public override IReadOnlyList<string> References { get; } = [Subject.BareLoop, Subject.LazyGate, Subject.EagerGate];

    public override IReadOnlyList<Goal> Goals { get; } =
    [
        .. from run in MemoryRun.All
           where run.Rows >= 100_000
           select new Goal(run.Name, Subject.OneByte, Figure.CpuNs, MostOfBareLoop, Subject.BareLoop),
        .. from run in MemoryRun.All
           where run.Rows == MillionRows
           select new Goal(run.Name, Subject.OneByte, Figure.AllocatedBytes, MostBytesOfRun / MillionRows),
    ];

    public override IReadOnlyDictionary<string, string> Method { get; } = new Dictionary<string, string>
    {
        ["time"] = "lower quartile of turns, the subjects in turn, at least 100 ms of each",
    };

    public override IEnumerable<CaseFigures> Measure(MicroOptions options) => MemoryRuns.Measure(options);
}
