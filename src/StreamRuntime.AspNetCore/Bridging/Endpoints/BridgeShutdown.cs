using Microsoft.Extensions.Hosting;

namespace StreamRuntime.AspNetCore.Bridging.Endpoints;

/// <summary>Closes all sessions before the server stops, while their clients can still be told why.</summary>
/// <remarks>Called by the host alone.</remarks>
internal sealed class BridgeShutdown : IHostedLifecycleService
{
    private readonly BridgeSessionManager _sessions;

    public BridgeShutdown(BridgeSessionManager sessions) => _sessions = sessions;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => _sessions.CloseAllAsync().WaitAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
