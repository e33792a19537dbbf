using System.Diagnostics.Tracing;
using StreamRuntime.Connections;
using StreamRuntime.Diagnostics;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Connections;

namespace StreamRuntime.Tests.Diagnostics;

[Collection(AloneCollection.Name)]
public sealed class RuntimeEventSourceTests
{
    [Fact]
    public void Manifest_IsInOrder() => Assert.Contains(
        "SnapshotCompleted", EventSource.GenerateManifest(typeof(RuntimeEventSource), null, EventManifestOptions.Strict)!, StringComparison.Ordinal);

    [Fact]
    public async Task Stream_TellsOfItsLife()
    {
        using var events = new EventRecorder(RuntimeEvents.StreamKeyword);
        var time = new ManualTimeProvider();
        JsonRowStream stream = JsonRowStream.Create(
            new ScriptedRowSource().Delivers("1", "22").Delivers("333"), new JsonRowStreamOptions { Name = "first", TimeProvider = time, PauseTimeout = TimeSpan.FromSeconds(9) });
        stream.Name = "second";
        Assert.True(await stream.ReadBatchAsync());
        Assert.True(stream.TryPause("lunch"));
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(stream.TryResume());
        Assert.True(stream.TryPause());
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.True(await stream.ReadBatchAsync());
        Assert.False(await stream.ReadBatchAsync());
        await stream.DisposeAsync();

        Assert.Equal(
            ["StreamStarted", "StreamNamed", "StreamPaused", "StreamResumed", "StreamPaused", "StreamResumed", "StreamCompleted"], events.Of(stream.Id));
        Assert.Equal(["first", "second"], [Ours("StreamStarted")[0]["name"], Ours("StreamNamed")[0]["name"]]);
        Assert.Equal(["lunch", ""], Ours("StreamPaused").Select(e => e["reason"]));
        Assert.Equal([2L, 2L], Ours("StreamPaused").Select(e => e["rows"]));
        Assert.Equal([(3000.0, false), (9000.0, true)], Ours("StreamResumed").Select(e => ((double)e["pausedMs"]!, (bool)e["byTimeout"]!)));
        Assert.Equal((3L, 6L, 12000.0), (Ours("StreamCompleted")[0]["rows"], Ours("StreamCompleted")[0]["bytes"], Ours("StreamCompleted")[0]["elapsedMs"]));

        List<Dictionary<string, object?>> Ours(string name) => [.. events.Named(name).Where(e => e["stream"] is long id && id == stream.Id)];
    }

    [Fact]
    public async Task StreamThatFailed_TellsTheKind_AndNotTheMessage()
    {
        using var events = new EventRecorder(RuntimeEvents.StreamKeyword);
        await using JsonRowStream stream = JsonRowStream.Create(new ScriptedRowSource().Delivers("1").Fails(new StreamRuntimeException(ErrorKind.ConnectionLost, "secret")));
        Assert.True(await stream.ReadBatchAsync());
        await Assert.ThrowsAsync<StreamRuntimeException>(async () => await stream.ReadBatchAsync());

        Dictionary<string, object?> failed = events.Named("StreamFailed").Single(e => e["stream"] is long id && id == stream.Id);
        Assert.Equal(("ConnectionLost", 1L), (failed["error"], failed["rows"]));
        Assert.DoesNotContain(failed.Values, v => v is string text && text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pool_TellsOfItsConnections()
    {
        using var events = new EventRecorder(RuntimeEvents.PoolKeyword);
        string name = $"pool {Guid.NewGuid():N}";
        var time = new ManualTimeProvider();
        var pool = new ConnectionPool<PooledFake>(new FakeServer().OpenAsync, new ConnectionPoolOptions { Name = name, MaxSize = 1, TimeProvider = time, LeaseTimeout = TimeSpan.FromSeconds(5) });
        PoolLease<PooledFake> lease = await pool.LeaseAsync();
        Task waiting = pool.LeaseAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(6));
        await Assert.ThrowsAsync<StreamRuntimeException>(() => waiting.WaitAsync(TestRun.Patience));
        await lease.ReturnAsync(isClean: false);
        await pool.DisposeAsync();
        foreach (string told in new[] { "ConnectionOpened", "LeaseTimedOut", "ConnectionClosed" })
        {
            Assert.Single(events.Named(told), e => (string?)e["pool"] == name);
        }
    }

    [Fact]
    public async Task Snapshot_ShowsWhatStreamsAndPoolsSayOfThemselves()
    {
        using var events = new EventRecorder(RuntimeEvents.SnapshotKeyword);
        string name = $"pool {Guid.NewGuid():N}";
        var pool = new ConnectionPool<PooledFake>(new FakeServer().OpenAsync, new ConnectionPoolOptions { Name = name, MaxSize = 7 });
        PoolLease<PooledFake> lease = await pool.LeaseAsync();
        var time = new ManualTimeProvider();
        await using JsonRowStream stream = JsonRowStream.Create(new ScriptedRowSource().Delivers("1", "22").Blocks(), new JsonRowStreamOptions { TimeProvider = time });
        Assert.True(await stream.ReadBatchAsync());
        Assert.True(stream.TryPause("lunch"));
        time.Advance(TimeSpan.FromSeconds(4));

        RuntimeEventSource.Log.WriteSnapshot(maxStreams: 100_000);

        Dictionary<string, object?> shown = events.Named("Stream").Single(e => (long)e["stream"]! == stream.Id);
        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal(("ScriptedRowSource", "Paused", "lunch"), (shown["name"], shown["state"], shown["pauseReason"]));
        Assert.Equal(
            (statistics.RowsDelivered, statistics.BytesDelivered, statistics.BufferedBytes, 1, 4000.0, 4000.0, 4000.0),
            (shown["rows"], shown["bytes"], shown["bufferedBytes"], shown["pauses"], shown["pausedMs"], shown["currentPauseMs"], shown["elapsedMs"]));
        Dictionary<string, object?> ours = events.Named("Pool").Single(e => (string?)e["name"] == name);
        Assert.Equal((1, 0, 0, 7, 1L), (ours["leased"], ours["idle"], ours["waiting"], ours["max"], ours["leases"]));
        Dictionary<string, object?> process = Assert.Single(events.Named("Process"));
        Assert.True((double)process["cpuMs"]! > 0 && (long)process["heapBytes"]! > 0 && (long)process["workingSetBytes"]! > 0);
        Assert.Equal((long)events.Named("Stream").Count + events.Named("Pool").Count, Assert.Single(events.Named("SnapshotCompleted"))["entries"]);
        Assert.Empty(events.Named("SnapshotFailed"));
        await lease.ReturnAsync(isClean: true);
        await pool.DisposeAsync();
    }

    [Fact]
    public async Task Snapshot_OfMoreStreamsThanAreWanted_ListsTheBusiest_AndSumsAll()
    {
        using var events = new EventRecorder(RuntimeEvents.SnapshotKeyword);
        int[] rows = [5, 900, 3, 800, 1];
        JsonRowStream[] streams = [.. rows.Select(count => JsonRowStream.Create(new SampleRowSource(count + 1, batchBytes: count * 200), new JsonRowStreamOptions { MaxBufferedBytes = 1 << 20 }))];
        RuntimeEventSource.Log.WriteSnapshot(maxStreams: 2);
        int shown = events.Named("Stream").Count;
        foreach (JsonRowStream stream in streams)
        {
            Assert.True(await stream.ReadBatchAsync());
        }

        RuntimeEventSource.Log.WriteSnapshot(maxStreams: 2);

        StreamTotals totals = LiveStreams.GetTotals();
        Assert.Equal([streams[1].Id, streams[3].Id], events.Named("Stream").Skip(shown).Select(e => (int)(long)e["stream"]!));
        Dictionary<string, object?> sums = events.Named("StreamTotals")[^1];
        Assert.Equal((totals.Running, totals.Rows), (sums["running"], sums["rows"]));
        Assert.True(totals.Running >= streams.Length);
        foreach (JsonRowStream stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task Snapshots_ComeByThemselves_WhileSomebodyAsksForThem()
    {
        Assert.False(RuntimeEventSource.Log.TakesSnapshots);
        using (var events = new EventRecorder(RuntimeEvents.SnapshotKeyword, (RuntimeEvents.IntervalArgument, "0.1")))
        {
            Assert.True(RuntimeEventSource.Log.TakesSnapshots);
            await TestKit.Wait.UntilAsync(() => events.Named("SnapshotCompleted").Count >= 2, TestRun.Patience, "a second snapshot came");
        }

        Assert.False(RuntimeEventSource.Log.TakesSnapshots);
    }

    [Fact]
    public void Snapshots_ThatNobodyAskedFor_DoNotCome()
    {
        using var everything = new EventRecorder(-1);
        Assert.False(RuntimeEventSource.Log.TakesSnapshots);
    }

    [Fact]
    public async Task Snapshot_WithADescriptionThatFails_SaysSo_AndDoesNoHarm()
    {
        using var events = new EventRecorder(RuntimeEvents.SnapshotKeyword);
        await using (JsonRowStream.Create(new NamelessSource()))
        {
            RuntimeEventSource.Log.WriteSnapshot(maxStreams: 100_000);
            Assert.Equal("System.InvalidOperationException", Assert.Single(events.Named("SnapshotFailed"))["error"]);
        }

        RuntimeEventSource.Log.WriteSnapshot(maxStreams: 100_000);
        Assert.Single(events.Named("SnapshotCompleted"));
    }

    [Theory]
    [InlineData("2.5", null, 2500, 1000)]
    [InlineData("0", "5", 100, 5)]
    [InlineData("1e9", "999999999", 3600_000, 100_000)]
    [InlineData("1", "-1", 1000, 1000)]
    public void Settings_OutOfRange_BecomeTheNearest(string interval, string? most, double milliseconds, int streams)
    {
        var arguments = new Dictionary<string, string?> { [RuntimeEvents.IntervalArgument] = interval };
        if (most is not null)
        {
            arguments[RuntimeEvents.MaxStreamsArgument] = most;
        }

        Assert.Equal(new SnapshotSettings(TimeSpan.FromMilliseconds(milliseconds), streams), SnapshotSettings.Read(arguments));
    }

    [Theory]
    [InlineData("")]
    [InlineData("often")]
    [InlineData("NaN")]
    public void Settings_ThatMakeNoSense_AreNone(string interval) =>
        Assert.Null(SnapshotSettings.Read(new Dictionary<string, string?> { [RuntimeEvents.IntervalArgument] = interval }));

    private sealed class NamelessSource : IRowSource
    {
        public string Description => throw new InvalidOperationException("no name");

        public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken) => new(false);

        public ValueTask DisposeAsync() => default;
    }
}
