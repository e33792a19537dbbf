using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Sets up the server for what its defaults don't give.</summary>
internal sealed class KestrelSetup(Gateway gateway)
    : IConfigureOptions<KestrelServerOptions>, IConfigureOptions<SocketTransportOptions>, IPostConfigureOptions<HostOptions>
{
    private static readonly TimeSpan AfterDrain = TimeSpan.FromSeconds(5);

    public void Configure(KestrelServerOptions options)
    {
        TimeSpan handshake = gateway.Options.HandshakeTimeout;
        if (handshake != Timeout.InfiniteTimeSpan)
        {
            options.Limits.RequestHeadersTimeout = handshake;
            options.ConfigureEndpointDefaults(listen => listen.Use(next => connection => HandshakeGuard.WatchAsync(connection, next, gateway.Wheel, handshake, gateway.Logger)));
        }

        // HTTP/2 has one rate for a whole connection, which can't be lifted for one response.
        options.Limits.MinResponseDataRate = null;
    }

    public void Configure(SocketTransportOptions options) => options.CreateBoundListenSocket = KeepAliveSocket.Listen;

    /// <summary>The host waits for the gateway's own shutdown, and a little for the server's after it.</summary>
    public void PostConfigure(string? name, HostOptions options)
    {
        TimeSpan needed = gateway.Options.ShutdownTimeout + gateway.Options.CloseTimeout + AfterDrain;
        if (options.ShutdownTimeout < needed)
        {
            options.ShutdownTimeout = needed;
        }
    }
}
