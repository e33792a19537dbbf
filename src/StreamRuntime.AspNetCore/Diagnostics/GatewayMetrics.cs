using System.Diagnostics.Metrics;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.AspNetCore.Diagnostics;

/// <summary>What a gateway measures, on a meter of the library's name.</summary>
/// <remarks>Thread-safe. Counts are taken when somebody asks; nothing is measured per row.</remarks>
internal sealed class GatewayMetrics : IDisposable
{
    private const string EndpointTag = "streamruntime.gateway.endpoint";
    private const string TransportTag = "streamruntime.gateway.transport";

    private readonly Meter _meter = new(RuntimeMeter.Name, typeof(GatewayMetrics).Assembly.GetName().Version?.ToString(3));
    private readonly Counter<long> _rows;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _sessions;
    private readonly Counter<long> _pings;
    private readonly Histogram<double> _firstRow;

    public GatewayMetrics(Func<IEnumerable<(string Transport, int Count)>> connections, Func<int> running, Func<int> paused)
    {
        _meter.CreateObservableUpDownCounter(
            "streamruntime.gateway.connections",
            () => connections().Select(c => new Measurement<int>(c.Count, new KeyValuePair<string, object?>(TransportTag, c.Transport))),
            "{connection}",
            "Clients being served.");
        _meter.CreateObservableUpDownCounter(
            "streamruntime.gateway.streams",
            () => new[]
            {
                new Measurement<int>(running(), new KeyValuePair<string, object?>("streamruntime.gateway.stream.state", "running")),
                new Measurement<int>(paused(), new KeyValuePair<string, object?>("streamruntime.gateway.stream.state", "paused")),
            },
            "{stream}",
            "Streams that run, and that are paused by request.");
        _rows = _meter.CreateCounter<long>("streamruntime.gateway.rows", "{row}", "Rows sent.");
        _bytes = _meter.CreateCounter<long>("streamruntime.gateway.row.size", "By", "Bytes of the rows sent, framing not counted.");
        _refusals = _meter.CreateCounter<long>("streamruntime.gateway.refusals", "{request}", "Requests turned away before any work was done for them.");
        _sessions = _meter.CreateCounter<long>("streamruntime.gateway.sessions", "{session}", "Sessions that ended, by how.");
        _pings = _meter.CreateCounter<long>("streamruntime.gateway.heartbeats", "{heartbeat}", "Pings and event comments sent.");
        _firstRow = _meter.CreateHistogram<double>("streamruntime.gateway.first_row_time", "s", "From the request to its first row, or to the end of a result without rows.");
    }

    public void Rows(string endpoint, int rows, long bytes)
    {
        if (_rows.Enabled || _bytes.Enabled)
        {
            var tag = new KeyValuePair<string, object?>(EndpointTag, endpoint);
            _rows.Add(rows, tag);
            _bytes.Add(bytes, tag);
        }
    }

    public void Refused(string reason) => _refusals.Add(1, new KeyValuePair<string, object?>("streamruntime.gateway.refusal", reason));

    public void Ended(string endpoint, string transport, string end) =>
        _sessions.Add(1, new(EndpointTag, endpoint), new(TransportTag, transport), new("streamruntime.gateway.end", end));

    public void Pinged() => _pings.Add(1);

    public void FirstRow(string endpoint, TimeSpan time) => _firstRow.Record(time.TotalSeconds, new KeyValuePair<string, object?>(EndpointTag, endpoint));

    public void Dispose() => _meter.Dispose();
}
