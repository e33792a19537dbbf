using System.Diagnostics;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>Compares this build with another commit's, or with what a phase recorded.</summary>
internal static class GateRun
{
    /// <returns>The exit code: 1 when the gate is asked for and something is certainly worse.</returns>
    /// <exception cref="RunException">It could not be compared.</exception>
    public static async Task<int> RunAsync(RunOptions options, TextWriter output)
    {
        if (typeof(GateRun).Assembly.GetCustomAttributes(typeof(DebuggableAttribute), inherit: false) is [DebuggableAttribute { IsJITOptimizerDisabled: true }])
        {
            throw new RunException("This is a debug build, and its figures mean nothing. Run with -c Release.");
        }

        string against = options.Against!;
        IReadOnlyList<CaseResult> results = ResultFiles.HasPhase(against)
            ? await CompareWithPhaseAsync(options, against, output)
            : await CompareWithCommitAsync(options, against, output);
        GateTable.Write(results, output);
        return Conclude(results, options.Gate, output);
    }

    /// <summary>The last line, and the exit code it stands for.</summary>
    public static int Conclude(IReadOnlyList<CaseResult> results, bool isGate, TextWriter output)
    {
        bool isWorse = results.Any(r => r.Verdict is Verdict.Regression or Verdict.Vanished);
        if (results.Any(r => r.Verdict is Verdict.Inconclusive or Verdict.Incomparable))
        {
            output.WriteLine("Warning: where it says inconclusive, noise hides whether it is slower; where it says incomparable, other things are measured by the same name.");
        }

        output.WriteLine($"{(!isGate ? "Compared" : isWorse ? "The gate failed" : "The gate passed")}: {GateTable.Summarize(results)}.");
        return isGate && isWorse ? 1 : 0;
    }

    private static async Task<IReadOnlyList<CaseResult>> CompareWithCommitAsync(RunOptions options, string against, TextWriter output)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        var bounds = GateBounds.Of(options);
        var repository = new GitRepository(Repository.Root);
        string commit = await repository.FindCommitAsync(against == Baseline.Name ? Baseline.Read(ResultFiles.Folder) : against);
        SourceVersion source = await SourceVersion.ReadAsync();
        string named = commit.StartsWith(against, StringComparison.Ordinal) ? "" : $" ({against})";
        output.WriteLine($"{source.Commit[..12]}{(source.HasChanges ? " with uncommitted changes" : "")}, divided by {commit[..12]}{named}; up to {1 + options.Tolerance:0.###} is fine");

        using var builds = ReferenceBuild.Open(repository);
        string program = await builds.BuildAsync(commit, bounds.Build, Progress);
        Progress("getting ready");
        string[] arguments = WorkerArguments(options);
        await using var reference = await WorkerProcess.StartAsync($"The reference ({commit[..12]}{(against == Baseline.Name ? ", from perf-results/baseline" : "")})", program, arguments, bounds.Workers);
        await using var current = await WorkerProcess.StartAsync("This build", ThisProgram, arguments, bounds.Workers);
        return await new PairedRun(reference, current, bounds, options.Tolerance, TimeProvider.System, startedAt, Progress).RunAsync();
    }

    private static async Task<IReadOnlyList<CaseResult>> CompareWithPhaseAsync(RunOptions options, string phase, TextWriter output)
    {
        if (options.Quick)
        {
            throw new RunException("A phase records more than -Quick measures, so the rest would seem to have vanished. Leave -Quick out, or compare with a commit.", exitCode: 2);
        }

        SuiteResult[] recorded = [.. ResultFiles.Load(phase).Where(r => options.NamedSuites?.Contains(r.Suite) ?? true)];
        if (recorded.Length == 0)
        {
            throw new RunException($"There is nothing to compare: the phase {phase} did not record {string.Join(" or ", options.Suites)}.");
        }

        List<CaseResult> results = [];
        List<(SuiteResult Then, SuiteResult Now)> both = [];
        foreach (SuiteResult then in recorded)
        {
            if (AllSuites.TryFind(then.Suite) is { } suite)
            {
                both.Add((then, await SuiteMeasurement.MeasureAsync(suite, new SuiteSettings(options.Rows, options.Quick), options.Rounds ?? RunOptions.DefaultRounds)));
            }
            else
            {
                results.Add(CaseResult.Of(new CaseKey(then.Suite, "the whole suite", ""), Verdict.Vanished));
            }
        }

        output.WriteLine($"ratios to the references now, divided by those recorded as {phase}; up to {1 + options.Tolerance:0.###} is fine");
        var judge = new CostJudge(options.Tolerance, Math.Max(1, both.Sum(b => PhaseComparison.CountCompared(b.Then, b.Now))));
        return [.. both.SelectMany(b => PhaseComparison.Compare(b.Then, b.Now, judge)), .. results];
    }

    // The defaults of another commit may be others, so they are said.
    private static string[] WorkerArguments(RunOptions options) =>
        [.. options.NamedSuites ?? [], "-Rows", $"{options.Rows}", .. options.Quick ? (string[])["-Quick"] : []];

    private static string ThisProgram => Path.Combine(AppContext.BaseDirectory, "StreamRuntime.Benchmarks");

    private static void Progress(string doing) => Console.Error.WriteLine(doing);
}
