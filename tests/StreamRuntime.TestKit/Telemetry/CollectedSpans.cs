using System.Collections.Concurrent;
using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace StreamRuntime.TestKit.Telemetry;

/// <summary>The spans of some sources, as OpenTelemetry's own SDK exports them when they end.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class CollectedSpans : IDisposable
{
    private readonly Exporter _exporter = new();
    private readonly TracerProvider _provider;

    private CollectedSpans(string[] sources) =>
        _provider = Sdk.CreateTracerProviderBuilder().AddSource(sources).AddProcessor(new SimpleActivityExportProcessor(_exporter)).Build();

    /// <summary>The spans that have ended, in that order.</summary>
    public IReadOnlyCollection<Activity> Ended => _exporter.Spans;

    /// <summary>Begins to listen.</summary>
    public static CollectedSpans Start(params string[] sources) => new(sources);

    /// <summary>Stops listening.</summary>
    public void Dispose() => _provider.Dispose();

    private sealed class Exporter : BaseExporter<Activity>
    {
        public ConcurrentQueue<Activity> Spans { get; } = [];

        public override ExportResult Export(in Batch<Activity> batch)
        {
            foreach (Activity span in batch)
            {
                Spans.Enqueue(span);
            }

            return ExportResult.Success;
        }
    }
}
