using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>A manager whose pools are counted.</summary>
internal sealed class Sessions : IAsyncDisposable
{
    public Sessions(BridgeOptions? options = null) => Manager = new BridgeSessionManager(options ?? BridgeOptions.Default, Pools.Pools, Pools.Arrays);

    public CountingPools Pools { get; } = new();

    public BridgeSessionManager Manager { get; }

    public BridgeSession Create(IBridgeClient client, IBridgeBackend backend)
    {
        Assert.True(Manager.TryTakePlace("test", out string refusal), refusal);
        return Manager.Create(client, backend, "test");
    }

    public async Task<BridgeSession> StartAsync(IBridgeClient client, IBridgeBackend backend)
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
        Pools.AssertAllBack();
        Assert.Equal(0, Manager.Count);
        Assert.Empty(Manager.Sessions);
    }
}
