using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>One result, to be read by one client after the other.</summary>
/// <param name="Situation">Its name in the results.</param>
/// <param name="Server">Where it is read from.</param>
/// <param name="WarmSql">A shorter result that the .NET clients read first.</param>
/// <param name="Sql">The query.</param>
/// <param name="Rows">How many rows it has.</param>
/// <param name="Bytes">How many bytes its values have together.</param>
internal sealed record PostgresReading(string Situation, ServerAddress Server, string WarmSql, string Sql, long Rows, long Bytes)
{
    /// <summary>What reading costs one client.</summary>
    /// <param name="subject">The client.</param>
    /// <param name="tools">The programs in C; null when none is among the clients.</param>
    /// <exception cref="RunException">The client failed, or read something else.</exception>
    public async Task<CaseFigures> MeasureAsync(PostgresSubject subject, NativeTools? tools) => Check(subject, subject.Client is { } client
        ? await MeterOf(client, subject).MeasureReadingAsync(WarmSql, Sql)
        : await MeasureLibpqAsync(tools!, subject));

    /// <summary>The most memory of one client that reads once.</summary>
    /// <inheritdoc cref="MeasureAsync" path="/param"/>
    /// <inheritdoc cref="MeasureAsync" path="/exception"/>
    public async Task<CaseFigures> MeasurePeakAsync(PostgresSubject subject, NativeTools? tools)
    {
        if (subject.Client is { } client)
        {
            return Check(subject, await MeterOf(client, subject).MeasurePeakAsync(Sql));
        }

        (Dictionary<string, double> figures, ClientReport report) = await MeasureLibpqAsync(tools!, subject);
        return Check(subject, (new Dictionary<string, double> { [Figure.PeakMb] = figures[Figure.PeakMb] }, report));
    }

    private ClientMeter MeterOf(string client, PostgresSubject subject) => new(client, subject.ConnectionOf(Server), subject.IsInline);

    private async Task<(Dictionary<string, double> Figures, ClientReport Report)> MeasureLibpqAsync(NativeTools tools, PostgresSubject subject)
    {
        (ProcessCost cost, ClientReport report) = await new ProcessMeter(tools.Measure).RunAsync(tools.LibpqRows, [subject.ConnectionOf(Server), Sql]);
        return (cost.PerRow(report.Rows), report);
    }

    private CaseFigures Check(PostgresSubject subject, (Dictionary<string, double> Figures, ClientReport Report) measured) =>
        measured.Report.Rows == Rows && measured.Report.Bytes == Bytes
            ? new CaseFigures(Situation, subject.Name, measured.Figures)
            : throw new RunException($"{subject.Name} read {measured.Report.Rows} rows of {measured.Report.Bytes} bytes, not {Rows} of {Bytes}: {Sql}");
}
