using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;
using StreamRuntime.TestKit.Timing;
using static StreamRuntime.Benchmarks.Tests.Gate.ScriptedWorker;

namespace StreamRuntime.Benchmarks.Tests.Gate;

public class PairedRunTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Run_TakesTheBuildsInTurn_AndChangesWhoIsFirst()
    {
        List<string> log = [];
        await CompareAsync(
            new ScriptedWorker("A", (_, _) => [Cpu("c", 100)]) { Log = log },
            new ScriptedWorker("B", (_, _) => [Cpu("c", 100)]) { Log = log });

        Assert.Equal("ABBAABBA", string.Concat(log));
    }

    [Fact]
    public async Task Run_Slower_IsARegression()
    {
        CaseResult found = Assert.Single(await CompareAsync(Same(100), Same(116)));

        Assert.Equal(Verdict.Regression, found.Verdict);
        Assert.Equal(1.16, found.Cost.Interval!.Value.Ratio, 1e-9);
        Assert.Equal("s: x: c", found.Case.ToString());
    }

    [Theory]
    [InlineData(104, "Fine")]
    [InlineData(106, "Regression")]
    [InlineData(97, "Fine")]
    [InlineData(90, "Better")]
    public async Task Run_TheToleranceDecides(double cpu, string verdict) => Assert.Equal(verdict, $"{Assert.Single(await CompareAsync(Same(100), Same(cpu))).Verdict}");

    [Fact]
    public async Task Run_Inconclusive_MeasuresOnlyThatSuiteAgain_UpToTheBound()
    {
        ScriptedWorker Make(string name) => new(name, (suite, round) => [Cpu("c", suite == "noisy" ? (round % 2 == 0) == (name == "A") ? 100 : 130 : 100)])
        {
            Suites = [Suite("calm"), Suite("noisy")],
        };
        ScriptedWorker reference = Make("A");
        ScriptedWorker current = Make("B");

        IReadOnlyList<CaseResult> results = await CompareAsync(reference, current);

        Assert.Equal(4, reference.RoundsOf("calm"));
        Assert.Equal(20, reference.RoundsOf("noisy"));
        Assert.Equal(20, current.RoundsOf("noisy"));
        Assert.Equal(Verdict.Fine, Find(results, "calm").Verdict);
        Assert.Equal(Verdict.Inconclusive, Find(results, "noisy").Verdict);
        Assert.Equal(20, Find(results, "noisy").Cost.Rounds);
    }

    [Fact]
    public async Task Run_DecidedCase_StaysDecided_WhileOthersAreMeasured()
    {
        // The first case is slower from the fifth round on, when it has already been found to be fine.
        ScriptedWorker reference = new("A", (_, _) => [Cpu("early", 100), Cpu("noisy", 100)]);
        ScriptedWorker current = new("B", (_, round) => [Cpu("early", round < 4 ? 100 : 200), Cpu("noisy", round % 2 == 0 ? 80 : 130)]);

        IReadOnlyList<CaseResult> results = await CompareAsync(reference, current);

        Assert.Equal((Verdict.Fine, 4), (results[0].Verdict, results[0].Cost.Rounds));
    }

    [Fact]
    public async Task Run_OutOfTime_IsInconclusiveAndKeepsToTheBound()
    {
        // Twenty seconds a round and two minutes in all, of which half a minute has gone by: four rounds, and a look at them.
        ScriptedWorker Make(string name) => new(name, (_, round) =>
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            return [Cpu("c", (round % 2 == 0) == (name == "A") ? 100 : 130)];
        });
        _time.Advance(TimeSpan.FromSeconds(30));
        ScriptedWorker reference = Make("A");

        CaseResult found = Assert.Single(await CompareAsync(reference, Make("B"), TimeSpan.FromMinutes(2), startedAt: 0));

        Assert.Equal(4, reference.RoundsOf("s"));
        Assert.Equal(Verdict.Inconclusive, found.Verdict);
    }

    [Fact]
    public async Task Run_OutOfTimeBeforeTheFirstRound_StillMeasuresOne()
    {
        ScriptedWorker reference = Same(100);
        _time.Advance(TimeSpan.FromHours(3));

        await CompareAsync(reference, Same(100), TimeSpan.FromMinutes(2), startedAt: 0);

        Assert.Equal(1, reference.RoundsOf("s"));
    }

    [Fact]
    public async Task Run_VanishedAndNewCases_AreSaid()
    {
        IReadOnlyList<CaseResult> results = await CompareAsync(
            new ScriptedWorker("A", (_, _) => [Cpu("both", 100), Cpu("old", 100)]), new ScriptedWorker("B", (_, _) => [Cpu("both", 100), Cpu("young", 100)]));

        Assert.Equal(["both Fine", "old Vanished", "young New"], results.Select(r => $"{r.Case.Subject} {r.Verdict}"));
    }

    [Fact]
    public async Task Run_VanishedAndNewSuites_AreSaid_AndNewOnesRunOnce()
    {
        ScriptedWorker current = new("B", (_, _) => [Cpu("c", 100)]) { Suites = [Suite("s"), Suite("young")] };

        IReadOnlyList<CaseResult> results = await CompareAsync(new ScriptedWorker("A", (_, _) => [Cpu("c", 100)]) { Suites = [Suite("s"), Suite("old")] }, current);

        Assert.Equal(["s Fine", "old Vanished", "young New"], results.Select(r => $"{r.Case.Suite} {r.Verdict}"));
        Assert.Equal(1, current.RoundsOf("young"));
    }

    [Fact]
    public async Task Run_OtherSettings_AreNotCompared()
    {
        WorkerSuite With(string rows, string own) => new("s", [], new Dictionary<string, string> { ["rows"] = rows, [own] = "1" });

        CaseResult found = Assert.Single(await CompareAsync(
            new ScriptedWorker("A", (_, _) => [Cpu("c", 100)]) { Suites = [With("10", "a")] }, new ScriptedWorker("B", (_, _) => [Cpu("c", 200)]) { Suites = [With("20", "b")] }));

        Assert.Equal(Verdict.Incomparable, found.Verdict);
        Assert.Equal("s: other settings: rows 10 → 20", found.Case.ToString());
    }

    [Fact]
    public async Task Run_ReferencesOfTheSuite_AreNotJudged()
    {
        ScriptedWorker Make(string name, double cpu) => new(name, (_, _) => [Cpu("ours", 100), Cpu("theirs", cpu)]) { Suites = [Suite("s", "theirs")] };

        IReadOnlyList<CaseResult> results = await CompareAsync(Make("A", 100), Make("B", 300));

        Assert.Equal(["ours Fine", "theirs NotJudged"], results.Select(r => $"{r.Case.Subject} {r.Verdict}"));
    }

    [Fact]
    public async Task Run_OneByteMore_IsARegression_WhereBytesAreExact()
    {
        CaseResult found = Assert.Single(await CompareAsync(
            new ScriptedWorker("A", (_, round) => [CpuAndBytes("c", 100, round == 0 ? 99 : 24, areExact: true)]),
            new ScriptedWorker("B", (_, _) => [CpuAndBytes("c", 100, 25, areExact: true)])));

        Assert.Equal((Verdict.Fine, Verdict.Regression, Verdict.Regression), (found.Cost.Verdict, found.Bytes.Verdict, found.Verdict));
        Assert.Equal((24, 25), (found.Bytes.Reference, found.Bytes.Current));
    }

    [Fact]
    public async Task Run_BytesExactOnOneSideOnly_AreComparedAsScattered()
    {
        CaseResult found = Assert.Single(await CompareAsync(
            new ScriptedWorker("A", (_, _) => [CpuAndBytes("c", 100, 24, areExact: true)]), new ScriptedWorker("B", (_, _) => [CpuAndBytes("c", 100, 24.5, areExact: false)])));

        Assert.Equal(Verdict.Fine, found.Verdict);
    }

    [Fact]
    public async Task Run_MoreScatteredBytes_AreMeasuredAgain_ToBeCertain()
    {
        ScriptedWorker reference = new("A", (_, _) => [CpuAndBytes("c", 100, 50, areExact: false)]);

        CaseResult found = Assert.Single(await CompareAsync(reference, new ScriptedWorker("B", (_, _) => [CpuAndBytes("c", 100, 74, areExact: false)])));

        Assert.Equal((Verdict.Fine, Verdict.Regression), (found.Cost.Verdict, found.Bytes.Verdict));
        Assert.Equal(9, reference.RoundsOf("s"));
    }

    [Fact]
    public async Task Run_LostFigure_HasVanished()
    {
        Assert.Equal(Verdict.Vanished, Assert.Single(await CompareAsync(
            new ScriptedWorker("A", (_, _) => [CpuAndBytes("c", 100, 24, areExact: true)]), new ScriptedWorker("B", (_, _) => [Cpu("c", 100)]))).Verdict);
        Assert.Equal(Verdict.Vanished, Assert.Single(await CompareAsync(
            new ScriptedWorker("A", (_, _) => [Cpu("c", 100)]), new ScriptedWorker("B", (_, _) => [new CaseFigures("x", "c", new Dictionary<string, double> { [Figure.Waits] = 1 })]))).Verdict);
    }

    [Fact]
    public async Task Run_CpuTimeIsNew_ComparesTime()
    {
        static Dictionary<string, double> Figures(params (string, double)[] figures) => figures.ToDictionary();

        CaseResult found = Assert.Single(await CompareAsync(
            new ScriptedWorker("A", (_, _) => [new CaseFigures("x", "c", Figures((Figure.TimeNs, 100)))]),
            new ScriptedWorker("B", (_, _) => [new CaseFigures("x", "c", Figures((Figure.TimeNs, 120), (Figure.CpuNs, 50)))])));

        Assert.Equal(1.2, found.Cost.Interval!.Value.Ratio, 1e-9);
    }

    [Theory]
    [InlineData(Figure.HeldBytes)]
    [InlineData(Figure.PeakMb)]
    public async Task Run_MemoryThatWasTheQuestion_IsComparedLikeTime(string figure)
    {
        ScriptedWorker Make(double memory) => new("A", (_, _) => [new CaseFigures("x", "c", new Dictionary<string, double> { [figure] = memory })]);

        Assert.Equal(Verdict.Fine, Assert.Single(await CompareAsync(Make(100), Make(104))).Verdict);
        CaseResult found = Assert.Single(await CompareAsync(Make(100), Make(110)));
        Assert.Equal((Verdict.Regression, figure), (found.Verdict, found.Cost.Figure));
    }

    [Fact]
    public async Task Run_NothingToCompare_IsNotJudged()
    {
        ScriptedWorker reference = new("A", (_, _) => [new CaseFigures("x", "c", new Dictionary<string, double> { [Figure.Waits] = 5 })]);

        Assert.Equal(Verdict.NotJudged, Assert.Single(await CompareAsync(reference, reference)).Verdict);
    }

    [Fact]
    public async Task Run_NoMeasurableTime_IsInconclusive_AndNotMeasuredAgain()
    {
        ScriptedWorker reference = Same(0);

        CaseResult found = Assert.Single(await CompareAsync(reference, Same(0)));

        Assert.Equal(Verdict.Inconclusive, found.Verdict);
        Assert.Equal(4, reference.RoundsOf("s"));
    }

    [Fact]
    public async Task Run_CaseMissingInOneRound_IsAnError()
    {
        RunException failure = await Assert.ThrowsAsync<RunException>(() => CompareAsync(
            new ScriptedWorker("A", (_, _) => [Cpu("c", 1), Cpu("d", 1)]), new ScriptedWorker("B", (_, round) => round == 1 ? [Cpu("c", 1)] : [Cpu("c", 1), Cpu("d", 1)])));

        Assert.Equal("B did not measure s: x: d once in every round.", failure.Message);
    }

    [Fact]
    public async Task Run_CaseTwiceInARound_IsAnError()
    {
        RunException failure = await Assert.ThrowsAsync<RunException>(() => CompareAsync(new ScriptedWorker("A", (_, _) => [Cpu("c", 1), Cpu("c", 1)]), Same(1)));

        Assert.Equal("A did not measure s: x: c once in every round.", failure.Message);
    }

    [Fact]
    public async Task Run_NoSuite_IsAnErrorAndNoPass() =>
        await Assert.ThrowsAsync<RunException>(() => CompareAsync(new ScriptedWorker("A", (_, _) => []) { Suites = [] }, new ScriptedWorker("B", (_, _) => []) { Suites = [] }));

    private static CaseResult Find(IReadOnlyList<CaseResult> results, string suite) => Assert.Single(results, r => r.Case.Suite == suite);

    private static ScriptedWorker Same(double cpu) => new("A", (_, _) => [Cpu("c", cpu)]);

    private async Task<IReadOnlyList<CaseResult>> CompareAsync(IWorker reference, IWorker current, TimeSpan? atMost = null, long? startedAt = null)
    {
        var bounds = new GateBounds(20, atMost ?? TimeSpan.FromHours(1), TimeSpan.Zero, new WorkerLimits(TimeSpan.Zero, TimeSpan.Zero));
        return await new PairedRun(reference, current, bounds, 0.05, _time, startedAt ?? _time.GetTimestamp(), _ => { }).RunAsync();
    }
}
