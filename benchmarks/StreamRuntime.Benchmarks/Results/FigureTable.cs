using System.Globalization;

namespace StreamRuntime.Benchmarks.Results;

/// <summary>The medians of one situation as rows of text, for the console and for the page alike.</summary>
internal sealed class FigureTable
{
    private readonly SuiteResult _result;
    private readonly Measurement[] _measured;
    private readonly (string Name, string Heading, string Format)[] _columns;
    private readonly Measurement[] _references;

    public FigureTable(SuiteResult result, string situation)
    {
        _result = result;
        _measured = [.. result.Measurements.Where(m => m.Situation == situation)];
        _columns = [.. Figure.Columns.Where(c => _measured.Any(m => m.Median(c.Name).HasValue))];
        _references = [.. result.References.Select(r => result.TryFind(situation, r)).OfType<Measurement>()];
    }

    public static IEnumerable<string> Situations(SuiteResult result) => result.Measurements.Select(m => m.Situation).Distinct();

    public IReadOnlyList<string> Heading =>
    [
        $"per {_result.Unit}", .. _columns.Select(c => c.Heading), .. _references.Select(r => $"÷ {r.Subject}"),
    ];

    public IEnumerable<IReadOnlyList<string>> Rows => _measured.Select(m => (IReadOnlyList<string>)
    [
        m.Subject,
        .. _columns.Select(c => m.Median(c.Name)?.ToString(c.Format, CultureInfo.InvariantCulture) ?? "–"),
        .. _references.Select(r => Compare(m, r)),
    ]);

    private static string Compare(Measurement measured, Measurement reference)
    {
        string figure = Figure.Compared(measured.Rounds[0]);
        return reference.Median(figure) is null ? "–" : Ratio.Of(measured, reference, figure).Median.ToString("0.00", CultureInfo.InvariantCulture);
    }
}
