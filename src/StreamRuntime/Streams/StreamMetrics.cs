using System.Diagnostics.Metrics;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.Streams;

/// <summary>The streams' metrics.</summary>
/// <remarks>
/// Nothing is measured per row, nor per batch: counts are summed up over the streams when somebody asks, so that those of a long stream grow while it runs. A
/// stream's two times are recorded as they become known, where somebody listens.
/// </remarks>
internal static class StreamMetrics
{
    private const string State = "streamruntime.stream.state";
    private const string Seconds = "s";

    private static readonly KeyValuePair<string, object?> Running = new(State, "running");
    private static readonly KeyValuePair<string, object?> Paused = new(State, "paused");

    private static readonly Histogram<double> TimeToFirstRow = RuntimeMeter.Instance.CreateHistogram(
        "streamruntime.stream.time_to_first_row", Seconds, "The time from making a stream to its first row.", tags: null, Boundaries);

    private static readonly Histogram<double> Duration = RuntimeMeter.Instance.CreateHistogram(
        "streamruntime.stream.duration", Seconds, "The time from making a stream to its end, by what ended it where that was no end of the rows.", tags: null, Boundaries);

    static StreamMetrics()
    {
        Meter meter = RuntimeMeter.Instance;
        meter.CreateObservableCounter("streamruntime.stream.rows", static () => LiveStreams.GetTotals().Rows, "{row}", "Rows handed to consumers.");
        meter.CreateObservableCounter("streamruntime.stream.bytes", static () => LiveStreams.GetTotals().Bytes, "By", "Bytes of the rows handed to consumers, framing not counted.");
        meter.CreateObservableCounter("streamruntime.stream.rows_filtered", static () => LiveStreams.GetTotals().RowsFiltered, "{row}", "Rows that predicates dropped.");
        meter.CreateObservableCounter("streamruntime.stream.pauses", static () => LiveStreams.GetTotals().Pauses, "{pause}", "The number of times that streams were paused.");
        meter.CreateObservableCounter(
            "streamruntime.stream.paused_time", static () => LiveStreams.GetTotals().PausedTime.TotalSeconds, Seconds, "How long streams were paused in all, the pauses under way included.");
        meter.CreateObservableUpDownCounter("streamruntime.stream.buffered_bytes", static () => LiveStreams.GetTotals().BufferedBytes, "By", "Bytes received and not yet released.");
        meter.CreateObservableUpDownCounter("streamruntime.stream.active", CountByState, "{stream}", "The number of streams that have not ended, by the state they are in.");
    }

    public static bool MeasuresTimeToFirstRow => TimeToFirstRow.Enabled;

    public static bool MeasuresDuration => Duration.Enabled;

    // As the conventions advise for database clients.
    private static InstrumentAdvice<double> Boundaries => new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600] };

    /// <summary>Has the instruments there, so that listeners find them.</summary>
    public static void Publish()
    {
        // Making this type did it.
    }

    public static void FirstRow(TimeSpan time) => TimeToFirstRow.Record(time.TotalSeconds);

    public static void Ended(TimeSpan time, StreamState end, Exception? error)
    {
        if (end == StreamState.Complete)
        {
            Duration.Record(time.TotalSeconds);
        }
        else
        {
            Duration.Record(time.TotalSeconds, new KeyValuePair<string, object?>("error.type", StreamEvents.TypeOf(error)));
        }
    }

    private static IEnumerable<Measurement<int>> CountByState()
    {
        StreamTotals totals = LiveStreams.GetTotals();
        return [new(totals.Running, Running), new(totals.Paused, Paused)];
    }
}
