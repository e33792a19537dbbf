using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.TestKit.Certificates;

namespace StreamRuntime.AspNetCore.Tests.Endpoints;

/// <summary>Rows through TLS, with a certificate that is thrown away.</summary>
public sealed class TlsTests
{
    private const long Rows = 20_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Get_OverTls_GivesTheSameBytes(int version)
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        await using GatewayHost host = await StartAsync(certificate);
        using HttpMessageInvoker client = Trusting(authority);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, "/rows/q"))
        {
            Version = new Version(version, version == 1 ? 1 : 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);

        Assert.Equal(version, response.Version.Major);
        Assert.Equal(await ExpectedAsync(), await response.Content.ReadAsByteArrayAsync());
        await host.QuietAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task WebSocket_OverTls_GivesTheSameBytesAndEndsInOrder(int version)
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        await using GatewayHost host = await StartAsync(certificate);
        using HttpMessageInvoker client = Trusting(authority);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("streamruntime.v1");
        socket.Options.HttpVersion = new Version(version, version == 1 ? 1 : 0);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new UriBuilder(host.Address) { Scheme = "wss", Path = "/rows/q" }.Uri, client, CancellationToken.None);
        using var rows = new MemoryStream();
        var control = new List<string>();
        var buffer = new byte[64 * 1024];
        for (ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(), default);
            part.MessageType != WebSocketMessageType.Close;
            part = await socket.ReceiveAsync(buffer.AsMemory(), default))
        {
            if (part.MessageType == WebSocketMessageType.Binary)
            {
                rows.Write(buffer, 0, part.Count);
            }
            else
            {
                control.Add(Encoding.UTF8.GetString(buffer, 0, part.Count));
            }
        }

        Assert.Equal(await ExpectedAsync(), rows.ToArray());
        Assert.Contains("complete", control[^1], StringComparison.Ordinal);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", default);
        await host.QuietAsync();
    }

    private static Task<GatewayHost> StartAsync(X509Certificate2 certificate) => GatewayHost.StartAsync(
        app => app.MapRows("q", (_, _) => GatewayHost.Sample(Rows)), protocols: HttpProtocols.Http1AndHttp2, certificate: certificate);

    private static HttpMessageInvoker Trusting(CertificateAuthority authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(authority.CertificatePem));
        return new HttpMessageInvoker(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } });
    }

    private static async Task<byte[]> ExpectedAsync()
    {
        await using var stream = await GatewayHost.Sample(Rows);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }
}
