using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.WebSockets;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

public sealed class BridgeStormTests
{
    private const int AtOnce = 64;

    [Fact]
    public async Task Sessions_ByTheThousands_AreEachClosedOnceAndNoneIsLeaked()
    {
        int sessions = TestRun.IsFull ? 100_000 : 5_000;
        int seed = Random.Shared.Next();
        var options = BridgeOptions.Default with { MaxSessions = AtOnce, FlushTime = TimeSpan.FromMilliseconds(20) };
        await using var storm = new Sessions(options, StreamGatewayOptions.Default with { CloseTimeout = TimeSpan.FromSeconds(10), TimerGranularity = TimeSpan.FromMilliseconds(10) });
        int next = 0;
        var ends = new ConcurrentDictionary<BridgeEnd, int>();
        Task[] workers = [.. Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            for (int i = Interlocked.Increment(ref next); i <= sessions; i = Interlocked.Increment(ref next))
            {
                BridgeEnd end = await RunOneAsync(storm, seed, i);
                ends.AddOrUpdate(end, 1, static (_, count) => count + 1);
            }
        }))];
        await Task.WhenAll(workers).WaitAsync(TimeSpan.FromMinutes(10));

        BridgeTotals totals = storm.Manager.GetTotals();
        Assert.Equal((0, (long)sessions, (long)sessions), (totals.Active, totals.Started, totals.Ended));
        Assert.True(ends.Count >= 5, $"Only {string.Join(", ", ends)}, seed {seed}");
    }

    [Fact]
    public async Task CloseAll_OfManyBusySessions_TellsEachAndCompletesWithTheLast()
    {
        int sessions = TestRun.IsFull ? 10_000 : 500;
        await using var storm = new Sessions(BridgeOptions.Default with { MaxSessions = sessions });
        var clients = new List<MemoryClient>();
        for (int i = 0; i < sessions; i++)
        {
            var client = new MemoryClient();
            var backend = new MemoryBackend { Echoes = true };
            BridgeSession session = await storm.StartAsync(client, backend);
            clients.Add(client);
            client.Says(new byte[1000]);
            if (i % 3 == 0)
            {
                session.Pause();
            }
        }

        Assert.Equal(Refusal.TooManyBridges, storm.Manager.TryTakePlace());
        await storm.Manager.CloseAllAsync().WaitAsync(TestRun.Patience);
        Assert.All(clients, c => Assert.Equal((1001, 1), (c.CloseCode, c.Disposals)));
        Assert.Equal(0, storm.Manager.Count);
        Assert.Equal(Refusal.ShuttingDown, storm.Manager.TryTakePlace());
        Assert.Equal(2, storm.Manager.GetTotals().Refused);
    }

    [Fact]
    public async Task CloseAll_AgainstSessionsBeingMade_LeavesNone()
    {
        int rounds = TestRun.IsFull ? 5_000 : 200;
        for (int round = 0; round < rounds; round++)
        {
            await using var storm = new Sessions();
            using var start = new Barrier(2);
            Task making = Task.Run(async () =>
            {
                start.SignalAndWait();
                if (storm.Manager.TryTakePlace() == Refusal.None)
                {
                    var client = new MemoryClient();
                    BridgeSession session = storm.Manager.Create(1, client, new MemoryBackend(), "test");
                    client.Attach(session);
                    await session.StartAsync();
                    Assert.Equal(BridgeEnd.Shutdown, (await Sessions.EndOf(session)).End);
                }
            });
            start.SignalAndWait();
            await storm.Manager.CloseAllAsync().WaitAsync(TestRun.Patience);
            await making.WaitAsync(TestRun.Patience);
        }
    }

    [Fact]
    public async Task Totals_AreWhatTheMeterShows()
    {
        await using var sessions = new Sessions();
        Meter meter = sessions.Manager.Meter;
        Assert.Equal(RuntimeMeter.Name, meter.Name);
        var seen = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (ReferenceEquals(instrument.Meter, meter))
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        void See(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string key = instrument.Name;
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                key += $",{tag.Value}";
            }

            seen.AddOrUpdate(key, value, (_, before) => before + value);
        }

        listener.SetMeasurementEventCallback<long>((i, v, t, _) => See(i, v, t));
        listener.SetMeasurementEventCallback<int>((i, v, t, _) => See(i, v, t));
        listener.SetMeasurementEventCallback<double>((i, v, t, _) => See(i, v, t));
        listener.Start();
        var backend = new MemoryBackend();
        BridgeSession ended = await sessions.StartAsync(new MemoryClient(), backend);
        backend.Sends(new byte[10]);
        backend.Ends();
        await Sessions.EndOf(ended);
        await sessions.StartAsync(new MemoryClient(), new MemoryBackend());
        listener.RecordObservableInstruments();
        Assert.Equal(1, seen["streamruntime.bridge.sessions"]);
        Assert.Equal(0, seen["streamruntime.bridge.sessions.paused"]);
        Assert.Equal(10, seen["streamruntime.bridge.io,client"]);
        Assert.Equal(0, seen["streamruntime.bridge.io,backend"]);
        Assert.Equal(1, seen["streamruntime.bridge.messages,client"]);
        Assert.Equal(1, seen["streamruntime.bridge.sessions.ended,memory,BackendEnded"]);
        Assert.Contains("streamruntime.bridge.session.duration,memory", seen.Keys);
    }

    private static async Task<BridgeEnd> RunOneAsync(Sessions storm, int seed, int number)
    {
        var random = new Random(seed + number);
        var client = new MemoryClient();
        var backend = new MemoryBackend
        {
            OnConnect = random.Next(10) switch
            {
                0 => _ => Task.FromException(new IOException("refused")),
                1 => async _ => await Task.Yield(),
                _ => null,
            },
            FailsToRelease = random.Next(20) == 0 ? new IOException("release") : null,
            Echoes = random.Next(2) == 0,
        };
        BridgeSession session = storm.Create(client, backend);
        Task<bool> start = session.StartAsync();
        for (int steps = random.Next(8); steps > 0; steps--)
        {
            switch (random.Next(14))
            {
                case 0: client.Closes(); break;
                case 1: client.Breaks(new IOException("reset")); break;
                case 2: backend.Ends(); break;
                case 3: backend.Ends(new IOException("reset")); break;
                case 4: session.Pause(); break;
                case 5: session.Resume(); break;
                case 6: client.Says(ControlKind.Stats); break;
                case 7: backend.OnSend = _ => Task.FromException(new IOException("broken pipe")); break;
                case 8: client.FailsToTake = new IOException("reset"); break;
                case 9: await Task.Yield(); break;
                case 10: client.Says(ControlKind.End); break;
                case 11: client.Says(new byte[random.Next(100_000)]); break;
                default: backend.Sends(new byte[random.Next(1, 100_000)]); break;
            }
        }

        Task<BridgeResult>[] closes = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Task.Run(session.CloseAsync))];
        BridgeResult[] results = await Task.WhenAll(closes).WaitAsync(TestRun.Patience);
        await start.WaitAsync(TestRun.Patience);
        Assert.True((client.Disposals, backend.Disposals) == (1, 1), $"client {client.Disposals}, backend {backend.Disposals}, seed {seed}, session {number}");
        Assert.Equal(BridgeState.Closed, session.State);
        return results[0].End;
    }
}
