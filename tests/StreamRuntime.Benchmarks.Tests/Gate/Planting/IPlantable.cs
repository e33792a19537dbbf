namespace StreamRuntime.Benchmarks.Tests.Gate.Planting;

/// <summary>What is made worse, for the gate to find.</summary>
public enum Plant
{
    /// <summary>Nothing: the gate must pass.</summary>
    Nothing,

    /// <summary>15 % more work.</summary>
    Slowdown,

    /// <summary>One object for each step or row.</summary>
    Allocation,
}

/// <summary>Something that can be made worse, and be compared with itself as it was before.</summary>
internal interface IPlantable
{
    /// <summary>Runs the gate on it.</summary>
    /// <returns>How the gate ended, what it printed, and the case that it must name; null where any of the suites' may be meant.</returns>
    Task<GateOutcome> RunGateAsync(Plant plant);
}

/// <summary>How a gate run ended.</summary>
internal sealed record GateOutcome(int ExitCode, string Output, string? PlantedCase)
{
    /// <summary>The cases of the table that a verdict was given to.</summary>
    public IEnumerable<string> CasesWith(string verdict) => Output.Split('\n').Where(l => l.EndsWith("  " + verdict, StringComparison.Ordinal)).Select(l => l.Split("  ")[0]);
}
