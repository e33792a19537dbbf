using System.Diagnostics.Metrics;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What bridge sessions measure, on a meter of the library's name.</summary>
/// <remarks>Thread-safe. Counts are taken from the manager when somebody asks; nothing is measured per message.</remarks>
internal sealed class BridgeMetrics : IDisposable
{
    private const string DirectionTag = "streamruntime.bridge.direction";
    private const string BackendTag = "streamruntime.bridge.backend";
    private const string EndTag = "streamruntime.bridge.end";

    private readonly Meter _meter = new(RuntimeMeter.Name, typeof(BridgeMetrics).Assembly.GetName().Version?.ToString(3));
    private readonly Counter<long> _ended;
    private readonly Counter<long> _refusals;
    private readonly Histogram<double> _sessionTime;

    public BridgeMetrics(Func<BridgeTotals> totals)
    {
        _meter.CreateObservableUpDownCounter("streamruntime.bridge.sessions", () => totals().Active, "{session}", "Sessions that hold a place.");
        _meter.CreateObservableUpDownCounter("streamruntime.bridge.sessions.paused", () => totals().Paused, "{session}", "Sessions that are paused.");
        _meter.CreateObservableCounter("streamruntime.bridge.pauses", () => totals().Pauses, "{pause}", "Pauses.");
        _meter.CreateObservableCounter("streamruntime.bridge.io", () => Both(totals(), static t => (t.BytesToClients, t.BytesToBackends)), "By", "Bytes moved.");
        _meter.CreateObservableCounter(
            "streamruntime.bridge.messages", () => Both(totals(), static t => (t.MessagesToClients, t.MessagesToBackends)), "{message}", "Messages moved.");
        _ended = _meter.CreateCounter<long>("streamruntime.bridge.sessions.ended", "{session}", "Sessions that ended, by how.");
        _refusals = _meter.CreateCounter<long>("streamruntime.bridge.refusals", "{session}", "Sessions refused before any work was done for them.");
        _sessionTime = _meter.CreateHistogram<double>("streamruntime.bridge.session.duration", "s", "How long sessions lasted.");
    }

    public Meter Meter => _meter;

    public void Refused() => _refusals.Add(1);

    public void Ended(BridgeResult result)
    {
        if (_ended.Enabled || _sessionTime.Enabled)
        {
            var backend = new KeyValuePair<string, object?>(BackendTag, result.Statistics.Backend);
            _ended.Add(1, backend, new KeyValuePair<string, object?>(EndTag, result.End.ToString()));
            _sessionTime.Record(result.Statistics.TimeInState.Sum(static time => time.TotalSeconds), backend);
        }
    }

    public void Dispose() => _meter.Dispose();

    private static Measurement<long>[] Both(BridgeTotals totals, Func<BridgeTotals, (long ToClients, long ToBackends)> select)
    {
        (long toClients, long toBackends) = select(totals);
        return
        [
            new(toClients, new KeyValuePair<string, object?>(DirectionTag, "client")),
            new(toBackends, new KeyValuePair<string, object?>(DirectionTag, "backend")),
        ];
    }
}
