using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Tests.Replay;

namespace StreamRuntime.Benchmarks.Tests.Measuring;

public class ClientMeterTests(RecordedServer server) : IClassFixture<RecordedServer>
{
    private const int Rows = 100_000;

    private readonly string _warm = JsonTables.Query("json", 1000);
    private readonly string _sql = JsonTables.Query("json", Rows);

    [Theory]
    [InlineData(RowClients.Socket, false)]
    [InlineData(RowClients.AsyncSocket, true)]
    [InlineData(RowClients.Library, true)]
    [InlineData(RowClients.Library, false)]
    public async Task MeasureReading_GivesFiguresAndTotals(string client, bool isInline)
    {
        (Dictionary<string, double> figures, ClientReport report) = await new ClientMeter(client, server.Replayed.Library, isInline).MeasureReadingAsync(_warm, _sql);

        Assert.Equal(Rows, report.Rows);
        Assert.Equal(server.Recording.Find("json").Text.CountValueBytes(Rows), report.Bytes);
        Assert.True(figures[Figure.TimeNs] > 0);
        Assert.Equal(figures[Figure.CpuNs], figures[Figure.UserNs] + figures[Figure.SystemNs], 3);

        // None of these makes an object of a row.
        Assert.InRange(figures[Figure.AllocatedBytes], 0, 5);
    }

    [Fact]
    public async Task MeasureReading_CountsWhatIsAllocatedAndCollected()
    {
        (Dictionary<string, double> figures, _) = await new ClientMeter(RowClients.NpgsqlJson, server.Replayed.Npgsql, isInline: false)
            .MeasureReadingAsync(_warm, JsonTables.Query("json_2kb", Rows));

        Assert.InRange(figures[Figure.AllocatedBytes], 50, 100_000);
        (figures, _) = await new ClientMeter(RowClients.NpgsqlBytes, server.Replayed.Npgsql, isInline: false).MeasureReadingAsync(_warm, JsonTables.Query("json_2kb", Rows));
        Assert.InRange(figures[Figure.AllocatedBytes], 2000, 10_000);
        Assert.InRange(figures[Figure.Collections], 1, 10_000);
        Assert.InRange(figures[Figure.CollectionPauseUs], 1, 10_000_000);
    }

    [Fact]
    public async Task MeasurePeak_IsOfTheWholeProcess()
    {
        (Dictionary<string, double> figures, ClientReport report) = await new ClientMeter(RowClients.Socket, server.Replayed.Plain, isInline: false).MeasurePeakAsync(_sql);

        Assert.Equal(Rows, report.Rows);
        Assert.InRange(figures[Figure.PeakMb], 10, 500);
    }

    [Fact]
    public async Task MeasureReading_OfAClientThatFails_SaysWhatItSaid()
    {
        var meter = new ClientMeter(RowClients.Library, server.Replayed.Library, isInline: false);

        RunException failure = await Assert.ThrowsAsync<RunException>(() => meter.MeasureReadingAsync("select no_such_rows", _sql));

        Assert.Contains("there is no recording of: select no_such_rows", failure.Message, StringComparison.Ordinal);
    }
}
