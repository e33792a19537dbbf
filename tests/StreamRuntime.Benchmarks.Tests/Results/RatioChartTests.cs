using System.Globalization;
using System.Xml.Linq;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Tests.Results;

public class RatioChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void TryDraw_HasAPanelForEachPhase_AndARowForEachRatio()
    {
        XElement chart = Draw(("first", Sample.Result), ("second", Sample.Result));
        string[] texts = [.. chart.Elements(Svg + "text").Select(t => t.Value)];

        Assert.Equal(2, texts.Count(t => t is "first" or "second"));
        Assert.Contains("json", texts);
        Assert.Equal(["streamrt ÷ libpq", "streamrt ÷ npgsql"], texts.Where(t => t.Contains('÷', StringComparison.Ordinal)));
        Assert.Equal(["0.60", "0.60", "0.30", "0.30"], Numbers(chart));
        Assert.Equal(4, chart.Elements(Svg + "rect").Count());
    }

    [Fact]
    public void TryDraw_BarsEndAtTheLineOfSameCost()
    {
        XElement chart = Draw(("less", Sample.Result), ("more", Slower(3)));
        double[] same = [.. chart.Elements(Svg + "line").Where(l => (string?)l.Attribute("class") == "same").Select(l => Number(l, "x1"))];
        XElement[] bars = [.. chart.Elements(Svg + "rect")];

        // 0.6 and 1.8 times libpq; 0.3 and 0.9 times npgsql.
        Assert.Equal(["less", "more", "less", "less"], bars.Select(b => (string?)b.Attribute("class")));
        Assert.Equal(same[0], Number(bars[0], "x") + Number(bars[0], "width"), 0.11);
        Assert.Equal(same[1], Number(bars[1], "x"), 0.11);

        // Logarithmic: 0.6 is as far from 1 as 1.667 is, and 1.8 is a little further.
        Assert.Equal(Math.Log(1.8) / Math.Log(1 / 0.6), Number(bars[1], "width") / Number(bars[0], "width"), 0.02);
    }

    [Fact]
    public void TryDraw_PhaseWithoutACase_ShowsADash()
    {
        SuiteResult fewer = Sample.Result with { Measurements = [.. Sample.Result.Measurements.Where(m => m.Subject != "npgsql")] };

        Assert.Equal(["0.60", "0.60", "–", "0.30"], Numbers(Draw(("fewer", fewer), ("all", Sample.Result))));
    }

    [Fact]
    public void TryDraw_IsReadableOnBothSchemes_AndHasNoBackground()
    {
        XElement chart = Draw(("p", Sample.Result));

        Assert.Contains("@media (prefers-color-scheme: dark)", chart.Element(Svg + "style")!.Value, StringComparison.Ordinal);
        Assert.All(chart.Elements(Svg + "rect"), r => Assert.Equal("10", (string?)r.Attribute("height")));
        Assert.DoesNotContain(chart.DescendantsAndSelf().Attributes(), a => a.Name == "style" || a.Name == "fill");
    }

    [Fact]
    public void TryDraw_EscapesNames_AndStaysInItsFrame()
    {
        SuiteResult odd = Rename(Slower(5000), "streamrt", "a < b & \"c\"");
        XElement chart = Draw(("p", odd));

        Assert.Contains(chart.Elements(Svg + "text"), t => t.Value == "a < b & \"c\" ÷ libpq");
        double width = Number(chart, "width");
        Assert.All(chart.Elements(Svg + "rect"), r => Assert.InRange(Number(r, "x") + Number(r, "width"), 0, width));
    }

    [Fact]
    public void TryDraw_WithoutReference_IsNothing() => Assert.Null(RatioChart.TryDraw("s", [("p", Sample.Result with { References = [] })]));

    private static XElement Draw(params (string Phase, SuiteResult Result)[] results) => XElement.Parse(RatioChart.TryDraw("s", results)!);

    private static string[] Numbers(XElement chart) => [.. chart.Elements(Svg + "text").Where(t => (string?)t.Attribute("class") == "number").Select(t => t.Value)];

    private static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    private static SuiteResult Slower(double times) => Sample.Result with
    {
        Measurements =
        [
            .. Sample.Result.Measurements.Select(m => m.Subject != "streamrt" ? m : m with
            {
                Rounds = [.. m.Rounds.Select(r => new Dictionary<string, double>(r) { [Figure.CpuNs] = r[Figure.CpuNs] * times })],
            }),
        ],
    };

    private static SuiteResult Rename(SuiteResult result, string from, string to) =>
        result with { Measurements = [.. result.Measurements.Select(m => m.Subject == from ? m with { Subject = to } : m)] };
}
