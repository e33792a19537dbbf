using Microsoft.Extensions.Hosting;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Shutdown;

/// <summary>Ends everything in order when the host stops: lets results finish for a while, then closes what still runs, and last cuts off what is left.</summary>
/// <remarks>
/// It begins with the host's first word of stopping, and is done before the server itself stops, which would reset every WebSocket. Nothing is
/// polled: the last one out completes a task.
/// </remarks>
internal sealed class DrainService : IHostedLifecycleService, IDisposable
{
    private readonly Gateway _gateway;
    private readonly CancellationTokenRegistration _stopping;

    public DrainService(Gateway gateway, IHostApplicationLifetime lifetime)
    {
        _gateway = gateway;
        _stopping = lifetime.ApplicationStopping.UnsafeRegister(static gateway => ((Gateway)gateway!).Advance(GatewayPhase.Draining), gateway);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        StreamGatewayOptions options = _gateway.Options;
        _gateway.Advance(GatewayPhase.Draining);
        Close(GatewayPhase.Draining);
        if (await IsEmptyWithinAsync(options.DrainTime, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        _gateway.Advance(GatewayPhase.Closing);
        Close(GatewayPhase.Closing);

        if (await IsEmptyWithinAsync(options.ShutdownTimeout - options.DrainTime, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        _gateway.Advance(GatewayPhase.Forced);
        foreach (GatewaySession session in _gateway.Sessions)
        {
            session.Abort();
        }

        // What is cut off still lets go of its query.
        await IsEmptyWithinAsync(options.CloseTimeout, cancellationToken).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();

    /// <summary>Ends the sessions whose time has come: what has no end of its own is not waited for.</summary>
    private void Close(GatewayPhase phase)
    {
        foreach (GatewaySession session in _gateway.Sessions)
        {
            if (session.ClosesFrom <= phase)
            {
                session.BeginClose(SessionEnd.Shutdown);
            }
        }
    }

    private async Task<bool> IsEmptyWithinAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        Task empty = _gateway.WhenEmpty();
        try
        {
            await empty.WaitAsync(time, _gateway.Options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            // The next step is taken; a host that has lost its patience takes all of them at once.
        }

        return empty.IsCompleted;
    }
}
