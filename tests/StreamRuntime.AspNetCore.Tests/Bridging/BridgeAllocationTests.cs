using Microsoft.Extensions.Logging.Abstractions;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.TestKit;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>Allocations are counted for the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AllocationCollection
{
    public const string Name = "bridge allocations";
}

[Collection(AllocationCollection.Name)]
public sealed class BridgeAllocationTests
{
    [Fact]
    public async Task Messages_InSteadyState_AllocateNothing()
    {
        // Without counting pools: they allocate themselves.
        using var gateway = new Gateway(StreamGatewayOptions.Default, NullLogger.Instance);
        await using var manager = new BridgeSessionManager(BridgeOptions.Default, gateway);
        Assert.Equal(Refusal.None, manager.TryTakePlace());
        var backend = new RepeatingBackend(warmUp: 20_000, counted: 100_000);
        BridgeSession session = manager.Create(1, new MeasuringClient(), backend, "test");
        await session.StartAsync();
        await Sessions.EndOf(session);
        Assert.True(backend.AllocatedBytes < 100_000, $"{backend.AllocatedBytes} bytes for 100000 messages");
    }

    [Fact]
    public async Task Clients_ThatTakeNothing_CostABoundedAmountOfMemory()
    {
        const int Stalled = 200;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await using var storm = new Sessions(BridgeOptions.Default with { MaxSessions = Stalled, BlockedWriteTimeout = Timeout.InfiniteTimeSpan });
        byte[] endless = new byte[10_000_000];
        var sessions = new List<(BridgeSession Session, MemoryBackend Backend)>();
        for (int i = 0; i < Stalled; i++)
        {
            var client = new MemoryClient();
            client.TakesNothing();
            var backend = new MemoryBackend();
            sessions.Add((await storm.StartAsync(client, backend), backend));
            backend.Sends(endless);
        }

        int seen = -1;
        await Wait.UntilAsync(
            () =>
            {
                int last = seen;
                seen = sessions.Sum(s => s.Backend.Receives);
                return seen == last && sessions.All(s => s.Session.GetStatistics().QueuedMessages > 3);
            },
            TestRun.Patience,
            "every queue is full");
        Assert.All(sessions, s => Assert.InRange(s.Session.GetStatistics().QueuedBytes, 64 * 1024, 256 * 1024));
        long used = GC.GetTotalMemory(forceFullCollection: true) - before - endless.Length;
        Assert.True(used <= 100_000_000, $"{used} bytes");
    }

    private sealed class RepeatingBackend(int warmUp, int counted) : IBridgeBackend
    {
        private int _sent;
        private long _before;

        public string Kind => "memory";

        public long AllocatedBytes { get; private set; }

        public ValueTask ConnectAsync(CancellationToken cancellationToken) => default;

        public ValueTask<BridgeReceived> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (_sent == warmUp)
            {
                _before = GC.GetTotalAllocatedBytes(precise: true);
            }

            if (_sent++ == warmUp + counted)
            {
                AllocatedBytes = GC.GetTotalAllocatedBytes(precise: true) - _before;
                return default;
            }

            return new ValueTask<BridgeReceived>(new BridgeReceived(100));
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => default;

        public ValueTask CompleteSendingAsync(CancellationToken cancellationToken) => default;

        public ValueTask DisposeAsync() => default;
    }

    private sealed class MeasuringClient : IBridgeClient
    {
        private readonly TaskCompletionSource _ended = new();

        public Task Ended => _ended.Task;

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, bool isText) => default;

        public ValueTask CloseAsync(BridgeEnd end, int code, string reason)
        {
            _ended.SetResult();
            return default;
        }

        public void NoteActivity()
        {
        }

        public void Abort()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
