using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Tests.Gate;

public class GateTableTests
{
    private static readonly CaseResult Fine = Case("fine", Verdict.Fine, new RatioInterval(1.004, 0.98, 1.03), new BytesResult(Verdict.Fine, 24, 24));
    private static readonly CaseResult Slower = Case("slower", Verdict.Regression, new RatioInterval(1.15, 1.06, 1.2), new BytesResult(Verdict.Better, 1024.5, 24));
    private static readonly CaseResult Larger = Case("larger", Verdict.Better, new RatioInterval(0.5, 0.4, 0.6), new BytesResult(Verdict.Regression, 0, 24));
    private static readonly CaseResult Heavier = Case("heavier", Verdict.Regression, new RatioInterval(1.5, 1.4, 1.6), new BytesResult(Verdict.Fine, 0.001, 0.002), Figure.PeakMb);
    private static readonly CaseResult Unsure = Case("unsure", Verdict.Inconclusive, new RatioInterval(1.1, 0, double.PositiveInfinity), default);
    private static readonly CaseResult Gone = CaseResult.Of(new CaseKey("s", "x", "gone"), Verdict.Vanished);
    private static readonly CaseResult Young = CaseResult.Of(new CaseKey("s", "the whole suite", ""), Verdict.New);
    private static readonly CaseResult Other = CaseResult.Of(new CaseKey("s", "other settings: rows 1 → 2", ""), Verdict.Incomparable);

    [Fact]
    public void Write_ShowsEveryCaseOnALine()
    {
        using var text = new StringWriter { NewLine = "\n" };

        GateTable.Write([Fine, Slower, Larger, Heavier, Unsure, Gone, Young], text);

        Assert.Equal(
            """
            case                ratio      interval  rounds   allocated B  verdict
            s: x: fine           1.00  0.98 to 1.03       5            24  fine
            s: x: slower         1.15  1.06 to 1.20       5  1,024.5 → 24  REGRESSION in time
            s: x: larger         0.50  0.40 to 0.60       5        0 → 24  REGRESSION in bytes
            s: x: heavier        1.50  1.40 to 1.60       5             0  REGRESSION in memory
            s: x: unsure         1.10     0.00 to ∞       5             –  inconclusive
            s: x: gone              –             –       –             –  VANISHED
            s: the whole suite      –             –       –             –  new

            """,
            text.ToString());
    }

    [Fact]
    public void Conclude_CertainlyWorse_FailsTheGate()
    {
        Assert.Equal((1, "The gate failed: 1 REGRESSION, 2 fine.\n"), Conclude(isGate: true, Fine, Slower, Fine));
        Assert.Equal((1, "The gate failed: 1 REGRESSION.\n"), Conclude(isGate: true, Larger));
        Assert.Equal((1, "The gate failed: 1 VANISHED.\n"), Conclude(isGate: true, Gone));
    }

    [Fact]
    public void Conclude_WithoutGate_OnlyShows() => Assert.Equal((0, "Compared: 1 REGRESSION, 1 VANISHED.\n"), Conclude(isGate: false, Slower, Gone));

    [Fact]
    public void Conclude_AnythingLess_PassesWithAWarning()
    {
        Assert.Equal((0, "The gate passed: 1 new, 1 fine.\n"), Conclude(isGate: true, Fine, Young));
        foreach (CaseResult less in new[] { Unsure, Other })
        {
            (int exitCode, string text) = Conclude(isGate: true, less);

            Assert.Equal(0, exitCode);
            Assert.StartsWith("Warning: ", text, StringComparison.Ordinal);
            Assert.Contains("\nThe gate passed: ", text, StringComparison.Ordinal);
        }
    }

    private static (int ExitCode, string Text) Conclude(bool isGate, params CaseResult[] results)
    {
        using var text = new StringWriter { NewLine = "\n" };
        return (GateRun.Conclude(results, isGate, text), text.ToString());
    }

    private static CaseResult Case(string subject, Verdict verdict, RatioInterval interval, BytesResult bytes, string figure = Figure.CpuNs) =>
        new(new CaseKey("s", "x", subject), new CostResult(verdict, figure, interval, 5), bytes);
}
