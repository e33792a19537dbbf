using System.Globalization;
using System.Security;
using System.Text;

namespace StreamRuntime.Benchmarks.Results;

/// <summary>
/// One suite's ratios as an SVG: a panel for each phase, from left to right in their order, and in it a bar for each row, from the line where both cost the same to the left when ours
/// costs less. It has no background of its own and takes its colours from the page's scheme, so it is readable on a light and on a dark page.
/// </summary>
internal sealed class RatioChart
{
    private const int RowHeight = 20;
    private const int BarHeight = 10;
    private const int Top = 34;
    private const int Bottom = 30;
    private const int PlotWidth = 150;
    private const int NumberWidth = 46;
    private const int Gap = 26;
    private const int Indent = 12;

    private const string Style = """
        <style>
        text { font: 12px system-ui, sans-serif; fill: #1f2328; }
        .strong { font-weight: 600; }
        .number { text-anchor: end; font-variant-numeric: tabular-nums; }
        .tick { font-size: 10px; text-anchor: middle; fill: #59636e; }
        .grid { stroke: #d1d9e0; }
        .same { stroke: #59636e; }
        .less { fill: #0969da; }
        .more { fill: #bc4c00; }
        @media (prefers-color-scheme: dark) {
        text { fill: #f0f6fc; }
        .tick { fill: #9198a1; }
        .grid { stroke: #3d444d; }
        .same { stroke: #9198a1; }
        .less { fill: #4493f8; }
        .more { fill: #db6d28; }
        }
        </style>
        """;

    // Of the widest letters in use at 12 px; a label may end early, but not in its panel.
    private const double CharacterWidth = 6.6;

    // Bars scale with the logarithm, since half the cost and double the cost are as far from the same cost.
    private static readonly double[] s_ticks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

    private readonly string _suite;
    private readonly RatioRows _rows;
    private readonly double[] _scale;
    private readonly double _labelWidth;
    private readonly StringBuilder _svg = new();

    private RatioChart(string suite, RatioRows rows)
    {
        _suite = suite;
        _rows = rows;
        double[] values = [.. rows.Rows.SelectMany(rows.Values).OfType<double>().Where(v => v > 0)];
        double lowest = Math.Min(0.5, values.Min());
        double highest = Math.Max(2, values.Max());

        // From the tick below everything to the tick above everything.
        int first = Math.Max(0, Array.FindLastIndex(s_ticks, t => t <= lowest));
        int last = Array.FindIndex(s_ticks, t => t >= highest);
        _scale = s_ticks[first..(last < 0 ? s_ticks.Length : last + 1)];
        _labelWidth = Indent + (CharacterWidth * rows.Rows.Max(r => Math.Max(Label(r).Length, r.Situation.Length)));
    }

    /// <summary>The drawing, or null when the suite compares nothing with a reference.</summary>
    public static string? TryDraw(string suite, IReadOnlyList<(string Phase, SuiteResult Result)> results)
    {
        var rows = new RatioRows(results);
        return rows.Rows.Count == 0 ? null : new RatioChart(suite, rows).Draw();
    }

    private string Draw()
    {
        string[] phases = [.. _rows.Phases];
        string[] situations = [.. _rows.Rows.Select(r => r.Situation).Distinct()];
        int bottom = Top + (RowHeight * (_rows.Rows.Count + situations.Length));
        double width = PanelLeft(phases.Length) - Gap + 2;
        Add($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0} {bottom + Bottom}" width="{width:0}" height="{bottom + Bottom}" role="img" aria-labelledby="title">
            <title id="title">{Escape(_suite)}: cost of our subjects as a multiple of the references', by phase; less than 1 is less than the reference</title>
            """);
        _svg.Append(Style).Append('\n');
        for (int i = 0; i < phases.Length; i++)
        {
            DrawAxis(PanelLeft(i), bottom, phases[i]);
        }

        int y = Top;
        foreach (string situation in situations)
        {
            Add($"""<text class="strong" x="0" y="{y + 14}">{Escape(situation)}</text>""");
            y += RowHeight;
            foreach (RatioRow row in _rows.Rows.Where(r => r.Situation == situation))
            {
                DrawRow(row, y);
                y += RowHeight;
            }
        }

        Add($"</svg>");
        return _svg.ToString();
    }

    private void DrawAxis(double left, int bottom, string phase)
    {
        Add($"""<text class="strong" x="{left:0.#}" y="14">{Escape(phase)}</text>""");
        double last = double.NegativeInfinity;
        foreach (double tick in _scale)
        {
            double x = left + Across(tick);
            Add($"""<line class="{(tick == 1 ? "same" : "grid")}" x1="{x:0.#}" y1="{Top - 8}" x2="{x:0.#}" y2="{bottom + 4}"/>""");

            // A wide scale has no room for every number; the 1 is never left out.
            bool hasRoom = x - last >= 24 && (tick >= 1 || left + Across(1) - x >= 24);
            if (tick == 1 || hasRoom)
            {
                Add($"""<text class="tick" x="{x:0.#}" y="{bottom + 18}">{tick:0.###}</text>""");
                last = x;
            }
        }
    }

    private void DrawRow(RatioRow row, int y)
    {
        Add($"""<text x="{Indent}" y="{y + 14}">{Escape(Label(row))}</text>""");
        int panel = 0;
        foreach (double? value in _rows.Values(row))
        {
            double left = PanelLeft(panel++);
            if (value is { } ratio)
            {
                double same = Across(1);
                double end = Across(Math.Clamp(ratio, _scale[0], _scale[^1]));
                Add($"""<rect class="{(ratio <= 1 ? "less" : "more")}" x="{left + Math.Min(same, end):0.#}" y="{y + ((RowHeight - BarHeight) / 2)}" width="{Math.Max(1, Math.Abs(end - same)):0.#}" height="{BarHeight}"/>""");
            }

            Add($"""<text class="number" x="{left + PlotWidth + NumberWidth:0.#}" y="{y + 14}">{value?.ToString("0.00", CultureInfo.InvariantCulture) ?? "–"}</text>""");
        }
    }

    private static string Label(RatioRow row) => $"{row.Subject} ÷ {row.Reference}";

    private static string Escape(string text) => SecurityElement.Escape(text);

    private double PanelLeft(int panel) => _labelWidth + Gap + (panel * (Gap + PlotWidth + NumberWidth));

    private double Across(double ratio) => PlotWidth * Math.Log(ratio / _scale[0]) / Math.Log(_scale[^1] / _scale[0]);

    private void Add(FormattableString line) => _svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
