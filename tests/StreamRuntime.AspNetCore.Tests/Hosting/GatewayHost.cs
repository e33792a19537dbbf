using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;

namespace StreamRuntime.AspNetCore.Tests.Hosting;

/// <summary>A gateway on a real server on a free port of the loopback.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private GatewayHost(WebApplication application)
    {
        Application = application;
        Address = new Uri(application.Urls.First());
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 }) { BaseAddress = Address, Timeout = TestRun.Patience };
    }

    public WebApplication Application { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public Gateway Gateway => Application.Services.GetRequiredService<Gateway>();

    public static async Task<GatewayHost> StartAsync(
        Action<WebApplication> map,
        StreamGatewayOptions? options = null,
        Action<WebApplicationBuilder>? configure = null,
        HttpProtocols protocols = HttpProtocols.Http1,
        BridgeOptions? bridges = null,
        X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        builder.Services.AddStreamGateway(options, bridges);
        configure?.Invoke(builder);
        WebApplication application = builder.Build();
        map(application);
        await application.StartAsync();
        return new GatewayHost(application);
    }

    public static ValueTask<JsonRowStream> Stream(IRowSource source) => new(JsonRowStream.Create(source));

    public static ValueTask<JsonRowStream> Sample(long rows, int bytes = 100) => Stream(new SampleRowSource(rows, bytes));

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Address.Port);
        return socket;
    }

    /// <summary>Waits until nobody is served and every count is back to zero.</summary>
    public Task QuietAsync() => Wait.UntilAsync(
        () => Gateway is { Connections: 0, Addresses: 0 } && Gateway.Streams is { Running: 0, Paused: 0 } && !Gateway.Sessions.Any(), TestRun.Patience, "every count is zero");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Application.DisposeAsync();
    }
}
