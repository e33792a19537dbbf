using System.Diagnostics.Metrics;
using StreamRuntime.Connections;
using StreamRuntime.Diagnostics;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Timing;
using StreamRuntime.Timing;

namespace StreamRuntime.Tests.Connections;

public sealed class TransitionMetricsTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly WorkQueue _queue = new() { IsInline = true };
    private readonly TimingWheel _wheel;
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, double> _measured = new(StringComparer.Ordinal);
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public TransitionMetricsTests()
    {
        _wheel = new TimingWheel(_time, TimingWheel.SmallestGranularity, _queue.Add);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == RuntimeMeter.Name && instrument.Name.StartsWith("streamruntime.connection.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _wheel.Dispose();
    }

    [Fact]
    public void KeepAlive_CountsMovesRefusalsAndTheTimeInEachState()
    {
        var connection = new KeepAlive(_wheel, _ => { }, new KeepAliveOptions { IdleTimeout = TimeSpan.FromSeconds(60) });
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Active, _wheel.Clock.Now));
        Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, _wheel.Clock.Now));
        Assert.False(connection.TryMove(KeepAliveState.Idle, KeepAliveState.Idle, _wheel.Clock.Now));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(connection.TryMove(KeepAliveState.Idle, KeepAliveState.Active, _wheel.Clock.Now));
        Assert.False(connection.TryMove(KeepAliveState.Error, KeepAliveState.Active, _wheel.Clock.Now));
        Assert.True(connection.TryMove(KeepAliveState.Active, KeepAliveState.Idle, _wheel.Clock.Now));

        // The wheel's own move, by the idle timeout.
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(KeepAliveState.Error, connection.State);
        Assert.False(connection.TryFail(_wheel.Clock.Now));

        Assert.Equal(
            [
                "state.time keep_alive active: 2",
                "state.time keep_alive idle: 65",
                "transitions keep_alive accepted active active: 1",
                "transitions keep_alive accepted active idle: 2",
                "transitions keep_alive accepted idle active: 1",
                "transitions keep_alive accepted idle error: 1",
                "transitions keep_alive refused error active: 1",
                "transitions keep_alive refused error error: 1",
                "transitions keep_alive refused idle idle: 1",
            ],
            Measured());
    }

    [Fact]
    public async Task Link_CountsMovesRefusalsAndTheTimeInEachState()
    {
        var openings = new Openings();
        var options = new LinkOptions { MaxAttempts = 2, FirstBackOff = TimeSpan.FromSeconds(1), BackOffJitter = 0, AttemptTimeout = Timeout.InfiniteTimeSpan, IsRetryable = _ => true };
        var link = new Link<string, FakeConnection>(openings.OpenAsync, _wheel, options);
        Assert.False(await link.DisconnectAsync());
        Assert.True(link.TryConnect("a"));
        Assert.False(link.TryConnect("a"));
        _time.Advance(TimeSpan.FromSeconds(3));
        openings.Last.Fail();
        _time.Advance(TimeSpan.FromSeconds(2));
        openings.Last.Succeed();
        _time.Advance(TimeSpan.FromSeconds(7));
        await link.DisposeAsync();

        string[] measured = [.. Measured()];
        Assert.Equal(
            [
                "transitions link accepted connected disconnected: 1",
                "transitions link accepted connecting connected: 1",
                "transitions link accepted connecting connection_failed: 1",
                "transitions link accepted connection_failed connecting: 1",
                "transitions link accepted none connecting: 1",
                "transitions link refused connecting connecting: 1",
                "transitions link refused none disconnected: 1",
            ],
            measured.Where(m => m.StartsWith("transitions", StringComparison.Ordinal)));
        Assert.Equal(12, _measured.Where(m => m.Key.StartsWith("state.time link", StringComparison.Ordinal)).Sum(m => m.Value), 3);
        Assert.Equal(7, _measured["state.time link connected"], 3);
        Assert.Equal(3, _measured.Keys.Count(k => k.StartsWith("state.time link", StringComparison.Ordinal)));
    }

    private IEnumerable<string> Measured() => _measured.Select(m => $"{m.Key}: {Math.Round(m.Value, 0)}");

    // Other tests run beside this one, each on its own thread; here everything happens on the test's.
    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            return;
        }

        var words = new List<string> { instrument.Name["streamruntime.connection.".Length..] };
        foreach (string name in (string[])["machine", "outcome", "state.from", "state.to", "state"])
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag.Key == $"streamruntime.{name}")
                {
                    words.Add((string)tag.Value!);
                }
            }
        }

        string key = string.Join(' ', words);
        _measured[key] = _measured.GetValueOrDefault(key) + value;
    }
}
