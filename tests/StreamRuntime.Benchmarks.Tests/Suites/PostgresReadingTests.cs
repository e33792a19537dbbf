using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Tests.Replay;

namespace StreamRuntime.Benchmarks.Tests.Suites;

public class PostgresReadingTests(RecordedServer server) : IClassFixture<RecordedServer>
{
    [Fact]
    public async Task MeasurePeak_OfWhatWasExpected_GivesItsFigure()
    {
        CaseFigures measured = await Reading(rows: 1000, expectedRows: 1000).MeasurePeakAsync(PostgresSubject.Library, tools: null);

        Assert.Equal("a situation", measured.Situation);
        Assert.Equal("library", measured.Subject);
        Assert.Equal([Figure.PeakMb], measured.Figures.Keys);
    }

    [Fact]
    public async Task MeasurePeak_OfOtherRows_Fails()
    {
        RunException failure = await Assert.ThrowsAsync<RunException>(() => Reading(rows: 1000, expectedRows: 1001).MeasurePeakAsync(PostgresSubject.Socket, tools: null));

        Assert.StartsWith("bare socket read 1000 rows of ", failure.Message, StringComparison.Ordinal);
    }

    private PostgresReading Reading(int rows, int expectedRows) => new(
        "a situation",
        server.Replayed,
        JsonTables.Query("json", 10),
        JsonTables.Query("json", rows),
        expectedRows,
        server.Recording.Find("json").Text.CountValueBytes(rows));
}
