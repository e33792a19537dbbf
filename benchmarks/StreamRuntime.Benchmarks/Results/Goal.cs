namespace StreamRuntime.Benchmarks.Results;

/// <summary>What one client's CPU may cost, as a share of another's in the same run.</summary>
internal sealed record Goal(string Situation, string Client, string Reference, double MostCpu)
{
    public GoalResult Check(SuiteResult result)
    {
        Ratio cpu = Ratio.Of(result.Find(Situation, Client), result.Find(Situation, Reference), r => r.CpuNsPerRow);
        return new GoalResult(this, cpu, cpu.Median <= MostCpu);
    }
}

/// <summary>A goal, and what was measured.</summary>
internal sealed record GoalResult(Goal Goal, Ratio Cpu, bool IsMet);
