using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.AspNetCore.Tests.Responses;
using StreamRuntime.Diagnostics;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.AspNetCore.Tests.Diagnostics;

public sealed class GatewayMetricsTests
{
    [Fact]
    public async Task Meter_OfAGateway_CountsWhatWasServed()
    {
        var totals = new ConcurrentDictionary<string, double>();
        var ends = new ConcurrentBag<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == RuntimeMeter.Name && instrument.Name.StartsWith("streamruntime.gateway.", StringComparison.Ordinal))
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };

        // Other tests' gateways share the meter's name; this endpoint is this test's alone.
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument.Name, 1, tags));
        listener.Start();
        await using GatewayHost host = await GatewayHost.StartAsync(app => StreamRuntime.AspNetCore.Endpoints.RowsRoutes.MapRows(
            app, "measured", (_, _) => GatewayHost.Stream(new ScriptedRowSource().Delivers("1", "22").Delivers("333"))));
        Assert.Equal("1\n22\n333\n", await host.Client.GetStringAsync("/rows/measured"));
        await host.QuietAsync();
        await Wait.UntilAsync(() => !ends.IsEmpty, TestRun.Patience, "the end was measured");
        Assert.Equal(3, totals["streamruntime.gateway.rows"]);
        Assert.Equal(6, totals["streamruntime.gateway.row.size"]);
        Assert.Equal(1, totals["streamruntime.gateway.sessions"]);
        Assert.Equal(1, totals["streamruntime.gateway.first_row_time"]);
        Assert.Equal("Completed", Assert.Single(ends));

        void Add(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            bool isOurs = false;
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                isOurs |= tag is { Key: "streamruntime.gateway.endpoint", Value: "measured" };
                if (isOurs && tag.Key == "streamruntime.gateway.end")
                {
                    ends.Add((string)tag.Value!);
                }
            }

            if (isOurs)
            {
                totals.AddOrUpdate(name, value, (_, sum) => sum + value);
            }
        }
    }
}
