using System.Globalization;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>The results of a comparison as text.</summary>
internal static class GateTable
{
    private const int MostShownRatio = 100;
    private static readonly string[] Heading = ["case", "ratio", "interval", "rounds", "allocated B", "verdict"];

    public static void Write(IReadOnlyList<CaseResult> results, TextWriter to)
    {
        string[][] lines = [Heading, .. results.Select(Cells)];
        int[] widths = [.. Heading.Select((_, column) => lines.Max(l => l[column].Length))];
        foreach (string[] line in lines)
        {
            // Text to the left, numbers to the right, and nothing after the last.
            to.WriteLine(string.Join("  ", line.Select((cell, column) => column is 0 ? cell.PadRight(widths[column]) : column < Heading.Length - 1 ? cell.PadLeft(widths[column]) : cell)));
        }
    }

    /// <summary>How many of each verdict, worst first.</summary>
    public static string Summarize(IReadOnlyList<CaseResult> results) => string.Join(
        ", ", results.GroupBy(r => r.Verdict).OrderByDescending(g => g.Key).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {Name(g.Key)}")));

    private static string[] Cells(CaseResult result) =>
    [
        result.Case.ToString(),
        result.Cost.Interval is { } interval ? Number(interval.Ratio) : "–",
        result.Cost.Interval is { } i ? Range(i) : "–",
        result.Cost.Rounds > 0 ? result.Cost.Rounds.ToString(CultureInfo.InvariantCulture) : "–",
        Bytes(result.Bytes),
        result.Verdict is Verdict.Regression ? Describe(result) : Name(result.Verdict),
    ];

    private static string Describe(CaseResult result)
    {
        string cost = result.Cost.Figure is Figure.CpuNs or Figure.TimeNs ? "time" : "memory";
        return (result.Cost.Verdict, result.Bytes.Verdict) switch
        {
            (Verdict.Regression, Verdict.Regression) => $"REGRESSION in {cost} and bytes",
            (Verdict.Regression, _) => $"REGRESSION in {cost}",
            _ => "REGRESSION in bytes",
        };
    }

    private static string Name(Verdict verdict) => verdict switch
    {
        Verdict.NotJudged => "not judged",
        Verdict.Fine => "fine",
        Verdict.Better => "better",
        Verdict.New => "new",
        Verdict.Incomparable => "incomparable",
        Verdict.Inconclusive => "inconclusive",
        Verdict.Vanished => "VANISHED",
        _ => "REGRESSION",
    };

    private static string Range(RatioInterval interval) =>
        $"{Number(interval.Lower)} to {(interval.Upper < MostShownRatio ? Number(interval.Upper) : "∞")}";

    private static string Number(double ratio) => ratio.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Bytes(BytesResult bytes) => (bytes.Reference, bytes.Current) switch
    {
        ({ } was, { } now) when Amount(was) == Amount(now) => Amount(now),
        ({ } was, { } now) => $"{Amount(was)} → {Amount(now)}",
        _ => "–",
    };

    private static string Amount(double bytes) => bytes.ToString("#,0.##", CultureInfo.InvariantCulture);
}
