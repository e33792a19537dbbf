using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using StreamRuntime.Connections;
using StreamRuntime.Diagnostics;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Tests.Connections;

public sealed class PoolMetricsTests
{
    [Fact]
    public async Task Pool_ReportsByTheNamesOfDatabaseClients()
    {
        string name = $"pool {Guid.NewGuid():N}";
        var longs = new ConcurrentDictionary<string, long>();
        var doubles = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == RuntimeMeter.Name) { l.EnableMeasurementEvents(instrument); } } };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (Find(tags, "db.client.connection.pool.name") == name)
            {
                longs[$"{instrument.Name} {Find(tags, "db.client.connection.state")}".TrimEnd()] = value;
            }
        });
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (Find(tags, "db.client.connection.pool.name") == name)
            {
                doubles[instrument.Name] = value;
            }
        });
        listener.Start();
        var time = new ManualTimeProvider();
        var server = new FakeServer();
        var pool = new ConnectionPool<PooledFake>(server.OpenAsync, new ConnectionPoolOptions { Name = name, MaxSize = 2, MinSize = 1, TimeProvider = time, LeaseTimeout = TimeSpan.FromSeconds(5) });
        PoolLease<PooledFake> first = await pool.LeaseAsync();
        PoolLease<PooledFake> second = await pool.LeaseAsync();
        Task<PoolLease<PooledFake>> waiting = pool.LeaseAsync().AsTask();

        listener.RecordObservableInstruments();
        Assert.Equal((0, 2), (longs["db.client.connection.count idle"], longs["db.client.connection.count used"]));
        Assert.Equal((2, 2, 1), (longs["db.client.connection.max"], longs["db.client.connection.idle.max"], longs["db.client.connection.idle.min"]));
        Assert.Equal((1, 0), (longs["db.client.connection.pending_requests"], longs["db.client.connection.timeouts"]));
        Assert.Equal(0, doubles["db.client.connection.create_time"]);

        time.Advance(TimeSpan.FromSeconds(6));
        await Assert.ThrowsAsync<StreamRuntimeException>(() => waiting.WaitAsync(TestRun.Patience));
        await first.ReturnAsync(isClean: true);
        listener.RecordObservableInstruments();
        Assert.Equal((1, 1), (longs["db.client.connection.count idle"], longs["db.client.connection.count used"]));
        Assert.Equal((0, 1), (longs["db.client.connection.pending_requests"], longs["db.client.connection.timeouts"]));
        Assert.Equal(6, doubles["db.client.connection.use_time"], 3);

        await second.ReturnAsync(isClean: true);
        await pool.DisposeAsync();
        longs.Clear();
        listener.RecordObservableInstruments();
        Assert.Empty(longs);
    }

    private static string? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags, string key)
    {
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == key)
            {
                return (string?)tag.Value;
            }
        }

        return null;
    }
}
