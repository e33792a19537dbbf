using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.Connections;

/// <summary>
/// The pools' metrics, with the names, units and attributes of OpenTelemetry's semantic conventions for database clients
/// (db/database-metrics, connection pools).
/// </summary>
/// <remarks>Counts are taken from the pools when somebody asks; times are recorded as they end, where somebody listens.</remarks>
internal static class PoolMetrics
{
    private const string PoolName = "db.client.connection.pool.name";
    private const string State = "db.client.connection.state";
    private const string Seconds = "s";

    private static readonly ConcurrentDictionary<IObservedPool, byte> Pools = new();

    private static readonly Histogram<double> CreateTime =
        RuntimeMeter.Instance.CreateHistogram<double>("db.client.connection.create_time", Seconds, "The time it took to create a new connection.");

    private static readonly Histogram<double> WaitTime =
        RuntimeMeter.Instance.CreateHistogram<double>("db.client.connection.wait_time", Seconds, "The time it took to obtain an open connection from the pool.");

    private static readonly Histogram<double> UseTime =
        RuntimeMeter.Instance.CreateHistogram<double>("db.client.connection.use_time", Seconds, "The time between borrowing a connection and returning it to the pool.");

    static PoolMetrics()
    {
        Meter meter = RuntimeMeter.Instance;
        meter.CreateObservableUpDownCounter("db.client.connection.count", CountByState, "{connection}", "The number of connections that are currently in the state described by the state attribute.");
        Observe("db.client.connection.idle.max", "{connection}", "The maximum number of idle open connections allowed.", static (pool, _) => pool.MaxSize);
        Observe("db.client.connection.idle.min", "{connection}", "The minimum number of idle open connections allowed.", static (pool, _) => pool.MinSize);
        Observe("db.client.connection.max", "{connection}", "The maximum number of open connections allowed.", static (pool, _) => pool.MaxSize);
        Observe("db.client.connection.pending_requests", "{request}", "The number of current pending requests for an open connection.", static (_, s) => s.Waiting);
        meter.CreateObservableCounter(
            "db.client.connection.timeouts", static () => Each(static (_, s) => s.Timeouts), "{timeout}", "The number of connection timeouts that have occurred trying to obtain a connection from the pool.");
        RuntimeEventSource.Log.AddToSnapshots(WriteSnapshot);
    }

    public static bool MeasuresCreateTime => CreateTime.Enabled;

    public static bool MeasuresWaitTime => WaitTime.Enabled;

    public static bool MeasuresUseTime => UseTime.Enabled;

    public static void Add(IObservedPool pool) => Pools.TryAdd(pool, 0);

    public static void Remove(IObservedPool pool) => Pools.TryRemove(pool, out _);

    public static void Created(string pool, TimeSpan time) => CreateTime.Record(time.TotalSeconds, Tag(pool));

    public static void Waited(string pool, TimeSpan time) => WaitTime.Record(time.TotalSeconds, Tag(pool));

    public static void Used(string pool, TimeSpan time) => UseTime.Record(time.TotalSeconds, Tag(pool));

    private static void Observe(string name, string unit, string description, Func<IObservedPool, PoolStatistics, long> value) =>
        RuntimeMeter.Instance.CreateObservableUpDownCounter(name, () => Each(value), unit, description);

    private static int WriteSnapshot(RuntimeEventSource log, long snapshot, int maxStreams)
    {
        int count = 0;
        foreach ((IObservedPool pool, _) in Pools)
        {
            PoolStatistics s = pool.GetStatistics();
            log.Pool(snapshot, pool.Name, s.Leased, s.Idle, s.Opening, s.Closing, s.Waiting, pool.MaxSize, s.Leases, s.Opened, s.OpenFailures, s.Timeouts);
            count++;
        }

        return count;
    }

    private static IEnumerable<Measurement<long>> CountByState()
    {
        foreach ((IObservedPool pool, _) in Pools)
        {
            PoolStatistics statistics = pool.GetStatistics();
            yield return new Measurement<long>(statistics.Idle, Tag(pool.Name), new KeyValuePair<string, object?>(State, "idle"));
            yield return new Measurement<long>(statistics.Leased, Tag(pool.Name), new KeyValuePair<string, object?>(State, "used"));
        }
    }

    private static IEnumerable<Measurement<long>> Each(Func<IObservedPool, PoolStatistics, long> value)
    {
        foreach ((IObservedPool pool, _) in Pools)
        {
            yield return new Measurement<long>(value(pool, pool.GetStatistics()), Tag(pool.Name));
        }
    }

    private static KeyValuePair<string, object?> Tag(string pool) => new(PoolName, pool);
}
