using StreamRuntime.Diagnostics;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Telemetry;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Tests.Diagnostics;

/// <summary>The streams' metrics as OpenTelemetry's SDK sees them. They are sums over the process, so what counts is how they change.</summary>
[Collection(AloneCollection.Name)]
public sealed class StreamMetricsTests
{
    private const string Prefix = "streamruntime.stream.";
    private const string Running = "streamruntime.stream.state=running";
    private const string Paused = "streamruntime.stream.state=paused";

    public StreamMetricsTests()
    {
        // What other tests have dropped is gone before anything is counted.
        for (int i = 0; i < 4; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [Fact]
    public async Task Instruments_HaveTheirNamesUnitsAndKinds()
    {
        using var metrics = CollectedMetrics.Start(RuntimeMeter.Name);
        await using JsonRowStream stream = JsonRowStream.Create(new SampleRowSource(1));
        await ReadToEndAsync(stream);
        Assert.Equal(
            [
                "active {stream} LongSumNonMonotonic",
                "buffered_bytes By LongSumNonMonotonic",
                "bytes By LongSum",
                "duration s Histogram",
                "paused_time s DoubleSum",
                "pauses {pause} LongSum",
                "rows {row} LongSum",
                "rows_filtered {row} LongSum",
                "time_to_first_row s Histogram",
            ],
            metrics.Collect().All.Where(m => m.Name.StartsWith(Prefix, StringComparison.Ordinal))
                .Select(m => $"{m.Name[Prefix.Length..]} {m.Unit} {m.Kind}").Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Metrics_OfAStream_MoveWhileItRuns_AndStayAfterItsEnd()
    {
        using var metrics = CollectedMetrics.Start(RuntimeMeter.Name);
        MetricValues before = metrics.Collect();
        var time = new ManualTimeProvider();
        var source = new ScriptedRowSource().Delivers("1", "22", "no").Blocks("333");
        JsonRowStream stream = JsonRowStream.Create(source, new JsonRowStreamOptions { TimeProvider = time, Where = row => row[0] != (byte)'n' });
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await stream.ReadBatchAsync());
        Assert.True(stream.TryPause("test"));
        time.Advance(TimeSpan.FromSeconds(5));

        MetricValues paused = metrics.Collect();
        AssertMoved(paused, rows: 2, bytes: 3, filtered: 1, pauses: 1, pausedSeconds: 5);
        Assert.Equal((0, 1), (Moved(paused, "active", Running), Moved(paused, "active", Paused)));
        Assert.Equal(stream.GetStatistics().BufferedBytes, Moved(paused, "buffered_bytes"));
        Assert.Equal((1, 2), (paused.CountOf(Prefix + "time_to_first_row") - before.CountOf(Prefix + "time_to_first_row"), Moved(paused, "time_to_first_row")));

        Assert.True(stream.TryResume());
        MetricValues resumed = metrics.Collect();
        Assert.Equal((1, 0), (Moved(resumed, "active", Running), Moved(resumed, "active", Paused)));
        source.Release();
        await ReadToEndAsync(stream);
        time.Advance(TimeSpan.FromSeconds(1));
        await stream.DisposeAsync();

        MetricValues ended = metrics.Collect();
        AssertMoved(ended, rows: 3, bytes: 6, filtered: 1, pauses: 1, pausedSeconds: 5);
        Assert.Equal((0, 0, 0), (Moved(ended, "active", Running), Moved(ended, "active", Paused), Moved(ended, "buffered_bytes")));
        Assert.Equal((1, 7), (ended.CountOf(Prefix + "duration") - before.CountOf(Prefix + "duration"), Moved(ended, "duration")));

        double Moved(MetricValues now, string name, string tags = "") => now[Prefix + name, tags] - before[Prefix + name, tags];

        void AssertMoved(MetricValues now, double rows, double bytes, double filtered, double pauses, double pausedSeconds) => Assert.Equal(
            (rows, bytes, filtered, pauses, pausedSeconds),
            (Moved(now, "rows"), Moved(now, "bytes"), Moved(now, "rows_filtered"), Moved(now, "pauses"), Moved(now, "paused_time")));
    }

    [Fact]
    public async Task Duration_OfAStreamThatFailed_NamesTheError()
    {
        using var metrics = CollectedMetrics.Start(RuntimeMeter.Name);
        const string Failed = "error.type=ConnectionLost";
        long before = metrics.Collect().CountOf(Prefix + "duration", Failed);
        await using JsonRowStream stream = JsonRowStream.Create(new ScriptedRowSource().Fails(new StreamRuntimeException(ErrorKind.ConnectionLost, "secret")));
        await Assert.ThrowsAsync<StreamRuntimeException>(async () => await stream.ReadBatchAsync());
        MetricValues after = metrics.Collect();
        Assert.Equal(1, after.CountOf(Prefix + "duration", Failed) - before);
        Assert.DoesNotContain(after.All, m => m.Tags.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Counters_WhileStreamsComeAndGo_NeverGoBack_AndCountEveryRowOnce()
    {
        const int Workers = 4;
        const int RowsOfEach = 37;
        int lives = TestRun.IsFull ? 20_000 : 1000;
        long before = LiveStreams.GetTotals().Rows;
        long last = before;
        var workers = Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < lives; i++)
            {
                await using JsonRowStream stream = JsonRowStream.Create(new SampleRowSource(RowsOfEach, batchBytes: 2000));
                await ReadToEndAsync(stream);
            }
        })).ToArray();
        Task all = Task.WhenAll(workers);
        int looks = 0;
        while (!all.IsCompleted)
        {
            long now = LiveStreams.GetTotals().Rows;
            Assert.True(now >= last, $"{now} after {last}");
            last = now;
            looks++;
        }

        await all;
        Assert.True(looks > 0);
        Assert.Equal((long)Workers * lives * RowsOfEach, LiveStreams.GetTotals().Rows - before);
    }

    private static async Task ReadToEndAsync(JsonRowStream stream)
    {
        while (await stream.ReadBatchAsync())
        {
        }
    }
}
