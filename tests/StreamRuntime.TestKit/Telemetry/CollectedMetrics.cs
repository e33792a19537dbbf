using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace StreamRuntime.TestKit.Telemetry;

/// <summary>The metrics of one meter, as OpenTelemetry's own SDK collects them.</summary>
/// <remarks>Everything in the process that has a meter of this name is in it. Not thread-safe.</remarks>
public sealed class CollectedMetrics : IDisposable
{
    private readonly Exporter _exporter = new();
    private readonly MeterProvider _provider;

    private CollectedMetrics(string meter) =>
        _provider = Sdk.CreateMeterProviderBuilder().AddMeter(meter).AddReader(new BaseExportingMetricReader(_exporter)).Build();

    /// <summary>Begins to listen.</summary>
    public static CollectedMetrics Start(string meter) => new(meter);

    /// <summary>Collects once.</summary>
    public MetricValues Collect()
    {
        _exporter.Values = [];
        _provider.ForceFlush();
        return new MetricValues(_exporter.Values);
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _provider.Dispose();

    private sealed class Exporter : BaseExporter<Metric>
    {
        public List<MetricValue> Values { get; set; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (Metric metric in batch)
            {
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    Values.Add(Read(metric, in point));
                }
            }

            return ExportResult.Success;
        }

        private static MetricValue Read(Metric metric, ref readonly MetricPoint point)
        {
            var tags = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, object?> tag in point.Tags)
            {
                tags.Add(tag.Key, $"{tag.Value}");
            }

            (double value, long count) = metric.MetricType switch
            {
                MetricType.LongSum or MetricType.LongSumNonMonotonic => (point.GetSumLong(), 1L),
                MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => (point.GetSumDouble(), 1L),
                MetricType.Histogram => (point.GetHistogramSum(), point.GetHistogramCount()),
                MetricType.LongGauge => (point.GetGaugeLastValueLong(), 1L),
                MetricType.DoubleGauge => (point.GetGaugeLastValueDouble(), 1L),
                _ => throw new NotSupportedException($"{metric.Name} is a {metric.MetricType}."),
            };
            return new MetricValue(metric.Name, metric.Unit, metric.MetricType.ToString(), string.Join(';', tags.Select(t => $"{t.Key}={t.Value}")), value, count);
        }
    }
}

/// <summary>One metric of one set of attributes.</summary>
/// <param name="Name">The instrument's name.</param>
/// <param name="Unit">The instrument's unit.</param>
/// <param name="Kind">What the SDK takes it for.</param>
/// <param name="Tags">The attributes, as <c>name=value</c>, in the order of their names, separated by semicolons.</param>
/// <param name="Value">The sum, or the last value.</param>
/// <param name="Count">How many measurements a histogram holds; 1 for everything else.</param>
public sealed record MetricValue(string Name, string Unit, string Kind, string Tags, double Value, long Count);

/// <summary>What one collection gave.</summary>
public sealed class MetricValues(IReadOnlyList<MetricValue> all)
{
    /// <summary>Everything.</summary>
    public IReadOnlyList<MetricValue> All { get; } = all;

    /// <summary>The value of a metric; zero where there is none yet.</summary>
    /// <param name="name">The instrument's name.</param>
    /// <param name="tags">Its attributes, all of them, as in <see cref="MetricValue.Tags"/>.</param>
    public double this[string name, string tags = ""] => All.SingleOrDefault(m => m.Name == name && m.Tags == tags)?.Value ?? 0;

    /// <summary>How many measurements a histogram holds.</summary>
    public long CountOf(string name, string tags = "") => All.SingleOrDefault(m => m.Name == name && m.Tags == tags)?.Count ?? 0;
}
