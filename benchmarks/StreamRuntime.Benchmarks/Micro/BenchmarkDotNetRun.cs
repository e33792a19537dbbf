using System.Reflection;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Runs BenchmarkDotNet classes inside this process, once: the process is made for one round, and rounds are the suite's affair.</summary>
internal static class BenchmarkDotNetRun
{
    /// <summary>How it measures, for the record.</summary>
    public static IReadOnlyDictionary<string, string> Method { get; } = new Dictionary<string, string>
    {
        ["BenchmarkDotNet"] = typeof(Job).Assembly.GetName().Version!.ToString(3) + " in process",
        ["CPU time"] = "lower quartile of iterations",
    };

    /// <summary>Measures every benchmark of the classes, or those of the quick gate.</summary>
    /// <exception cref="RunException">A benchmark failed; the message holds what BenchmarkDotNet said.</exception>
    public static IReadOnlyList<CaseFigures> Measure(IReadOnlyList<Type> classes, bool isQuick)
    {
        string artifacts = Directory.CreateTempSubdirectory("streamrt-bench-").FullName;
        try
        {
            return [.. classes.SelectMany(c => Measure(c, artifacts, isQuick))];
        }
        finally
        {
            Directory.Delete(artifacts, recursive: true);
        }
    }

    // Class by class: the compiler learns from what it sees, and streams that pause all the time would teach it wrong things about those that never do.
    private static IEnumerable<CaseFigures> Measure(Type benchmarks, string artifacts, bool isQuick)
    {
        var log = new AccumulationLogger();
        BenchmarkRunInfo info = BenchmarkConverter.TypeToBenchmarks(benchmarks, Configure(SituationOf(benchmarks), artifacts, log, isQuick));
        if (info.BenchmarksCases.Length == 0)
        {
            return [];
        }

        WarmUp.Settle([.. info.BenchmarksCases.Select(c => MakeAction(c.Descriptor))]);
        BenchmarkReport[] reports = [.. BenchmarkRunner.Run(info).Reports];
        return reports.Length == info.BenchmarksCases.Length && reports.All(r => r.Success)
            ? reports.Select(FiguresOf)
            : throw new RunException($"A benchmark of {benchmarks.Name} failed.\n{log.GetLog()}");
    }

    // Code is warm before BenchmarkDotNet sees it, and an invocation is many operations, so neither a long warm-up nor the overhead of a call is worth its time.
    // Many short iterations, because a shared machine disturbs some of them.
    private static ManualConfig Configure(SituationAttribute situation, string artifacts, ILogger log, bool isQuick)
    {
        Job job = Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithClock(situation.SpansThreads ? new ProcessCpuClock() : new ThreadCpuClock())
            .WithEvaluateOverhead(false)
            .WithGcForce(false)
            .WithIterationTime(TimeInterval.FromMilliseconds(isQuick ? 10 : 20))
            .WithWarmupCount(2)
            .WithIterationCount(isQuick ? 12 : 30);
        ManualConfig config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(log)
            .WithArtifactsPath(artifacts)
            .WithOptions(ConfigOptions.DisableLogFile);
        return isQuick ? config.AddFilter(new AnyCategoriesFilter([Category.Quick])) : config;
    }

    private static Action MakeAction(Descriptor benchmark)
    {
        object instance = Activator.CreateInstance(benchmark.Type)!;
        benchmark.GlobalSetupMethod?.Invoke(instance, null);
        return () =>
        {
            benchmark.IterationSetupMethod?.Invoke(instance, null);
            if (benchmark.WorkloadMethod.Invoke(instance, null) is Task task)
            {
                task.GetAwaiter().GetResult();
            }
        };
    }

    private static CaseFigures FiguresOf(BenchmarkReport report)
    {
        Descriptor benchmark = report.BenchmarkCase.Descriptor;
        SituationAttribute situation = SituationOf(benchmark.Type);
        string subject = benchmark.WorkloadMethod.GetCustomAttribute<BenchmarkAttribute>()!.Description!;
        var figures = new Dictionary<string, double>
        {
            // The lower quartile: others at work on the machine only ever make an iteration longer.
            [Figure.CpuNs] = report.ResultStatistics!.Q1,
            [Figure.AllocatedBytes] = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0,
        };
        return new CaseFigures(situation.Name, subject, figures, HasExactBytes: !situation.SpansThreads);
    }

    private static SituationAttribute SituationOf(Type benchmarks) => benchmarks.GetCustomAttribute<SituationAttribute>()!;
}
