namespace StreamRuntime.Benchmarks.Results;

/// <summary>A suite's results of all phases as ratios: a row is one of our subjects next to one reference, with a value for each phase that measured both.</summary>
internal sealed class RatioRows
{
    private readonly IReadOnlyList<(string Phase, SuiteResult Result)> _results;

    public RatioRows(IReadOnlyList<(string Phase, SuiteResult Result)> results)
    {
        _results = results;

        // The newest phase says which rows there are and in which order; what only older ones had comes after.
        Rows =
        [
            .. from result in results.Reverse().Select(r => r.Result)
               from measured in result.Measurements
               where !result.References.Contains(measured.Subject)
               from reference in result.References
               let row = new RatioRow(measured.Situation, measured.Subject, reference)
               where Find(result, row) is not null
               select row,
        ];
        Rows = [.. Rows.Distinct()];
    }

    public IEnumerable<string> Phases => _results.Select(r => r.Phase);

    public IReadOnlyList<RatioRow> Rows { get; }

    /// <summary>The row's ratio in each phase.</summary>
    public IEnumerable<double?> Values(RatioRow row) => _results.Select(r => Find(r.Result, row));

    private static double? Find(SuiteResult result, RatioRow row) =>
        result.TryFind(row.Situation, row.Subject) is { Rounds.Count: > 0 } subject && result.TryFind(row.Situation, row.Reference) is { } reference
        && Figure.Compared(subject.Rounds[0]) is var figure && subject.Median(figure) is not null && reference.Median(figure) is > 0
            ? Ratio.Of(subject, reference, figure).Median
            : null;
}

/// <summary>Which of our subjects is compared with which reference, and where.</summary>
internal sealed record RatioRow(string Situation, string Subject, string Reference);
