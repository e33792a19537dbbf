using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;

namespace StreamRuntime.Benchmarks.Tests.Gate.Planting;

/// <summary>This very build as both sides, one of which is told to do more. Everything but the building of a commit takes part.</summary>
internal sealed class SameBuild : IPlantable
{
    private const double Tolerance = 0.05;
    private static readonly string[] Arguments = ["self-check"];
    private static readonly GateBounds Bounds = new(60, TimeSpan.FromMinutes(10), TimeSpan.Zero, new WorkerLimits(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)));

    public async Task<GateOutcome> RunGateAsync(Plant plant)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "StreamRuntime.Benchmarks");
        (string, string)[] environment = plant switch
        {
            Plant.Slowdown => [(SelfCheckProgram.SlowerVariable, "15")],
            Plant.Allocation => [(SelfCheckProgram.ObjectsVariable, "1")],
            _ => [],
        };
        await using var reference = await WorkerProcess.StartAsync("The reference", program, Arguments, Bounds.Workers);
        await using var current = await WorkerProcess.StartAsync("This build", program, Arguments, Bounds.Workers, environment);
        IReadOnlyList<CaseResult> results = await new PairedRun(reference, current, Bounds, Tolerance, TimeProvider.System, TimeProvider.System.GetTimestamp(), _ => { }).RunAsync();

        using var output = new StringWriter();
        GateTable.Write(results, output);
        int exitCode = GateRun.Conclude(results, isGate: true, output);
        return new GateOutcome(exitCode, output.ToString(), "self-check: loop: " + SelfCheckProgram.Planted);
    }
}
