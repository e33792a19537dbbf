using Microsoft.Extensions.Logging.Abstractions;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>A manager whose pools are counted.</summary>
internal sealed class Sessions : IAsyncDisposable
{
    public Sessions(BridgeOptions? options = null, StreamGatewayOptions? gateway = null)
    {
        Gateway = new Gateway(gateway ?? StreamGatewayOptions.Default with { TimerGranularity = TimeSpan.FromMilliseconds(10) }, NullLogger.Instance);
        Manager = new BridgeSessionManager(options ?? BridgeOptions.Default, Gateway, Pools.Pools);
    }

    public CountingPools Pools { get; } = new();

    public Gateway Gateway { get; }

    public BridgeSessionManager Manager { get; }

    public BridgeSession Create(MemoryClient client, IBridgeBackend backend)
    {
        Assert.Equal(Refusal.None, Manager.TryTakePlace());
        BridgeSession session = Manager.Create(Gateway.NextId(), client, backend, "test");
        client.Attach(session);
        return session;
    }

    public async Task<BridgeSession> StartAsync(MemoryClient client, IBridgeBackend backend)
    {
        BridgeSession session = Create(client, backend);
        Assert.True(await session.StartAsync());
        return session;
    }

    /// <summary>Waits for the session's end, and for everything that came from a pool to be back there.</summary>
    public static Task<BridgeResult> EndOf(BridgeSession session) => session.Completion.WaitAsync(TestRun.Patience);

    public async ValueTask DisposeAsync()
    {
        await Manager.DisposeAsync().AsTask().WaitAsync(TestRun.Patience);
        Gateway.Dispose();
        Pools.AssertAllBack();
        Assert.Equal(0, Manager.Count);
        Assert.Empty(Manager.Sessions);
    }
}
