using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>What may and may not happen around TLS.</summary>
[Collection(AloneCollection.Name)]
public sealed class TlsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly CertificateAuthority _authority = new();
    private readonly X509Certificate2 _certificate;
    private readonly string _folder = TestFolder.Create("tls");

    public TlsTests() => _certificate = _authority.IssueServer();

    public void Dispose()
    {
        _certificate.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [InlineData(SslMode.Prefer)]
    [InlineData(SslMode.Require)]
    public async Task BytesBehindTheAnswer_AreRefused(SslMode mode)
    {
        byte[] injected = [(byte)'S', .. ErrorResponse("28000", "from the man in the middle", "FATAL")];
        Outcome outcome = await HostileServer.MeetAsync(
            c => c.StartUpAsync(new ScriptedStartUp { SslAnswer = injected }), o => o with { SslMode = mode, ConnectTimeout = Limit / 2 });
        Assert.Equal(ErrorKind.Protocol, outcome.Kind);
        Assert.DoesNotContain("middle", outcome.Error!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslMode.Prefer, "E")]
    [InlineData(SslMode.Require, "E")]
    [InlineData(SslMode.VerifyFull, "E")]
    [InlineData(SslMode.Prefer, "X")]
    [InlineData(SslMode.Require, "\0")]
    public async Task AnotherAnswer_IsRefusedAndItsTextNeverShown(SslMode mode, string answer)
    {
        byte[] bytes = [(byte)answer[0], .. ErrorResponse("28000", "trust me", "FATAL")[1..]];
        Outcome outcome = await HostileServer.MeetAsync(c => c.StartUpAsync(new ScriptedStartUp { SslAnswer = bytes }), o => o with { SslMode = mode });
        Assert.Equal(ErrorKind.Protocol, outcome.Kind);
        Assert.DoesNotContain("trust me", outcome.Error!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslMode.Require)]
    [InlineData(SslMode.VerifyCa)]
    [InlineData(SslMode.VerifyFull)]
    public async Task NoTls_WhereItIsRequired_IsRefusedOnTheOneConnection(SslMode mode)
    {
        int connections = 0;
        Outcome outcome = await HostileServer.MeetAsync(
            c =>
            {
                Interlocked.Increment(ref connections);
                return c.StartUpAsync(new ScriptedStartUp { SslAnswer = [(byte)'N'] });
            },
            o => o with { SslMode = mode, SslRootCertificateFile = mode == SslMode.VerifyCa ? "/roots.pem" : null });
        Assert.Equal(ErrorKind.Tls, outcome.Kind);
        Assert.Equal(1, connections);
    }

    [Theory]
    [InlineData(SslMode.Require)]
    [InlineData(SslMode.VerifyFull)]
    public async Task FailedHandshake_WhereTlsIsRequired_NeverFallsBack(SslMode mode)
    {
        int connections = 0;
        Outcome outcome = await HostileServer.MeetAsync(
            async c =>
            {
                Interlocked.Increment(ref connections);
                await SpoilHandshakeAsync(c);
            },
            o => o with { SslMode = mode, ConnectTimeout = Limit / 2 });
        Assert.True(outcome.Kind is ErrorKind.Tls, outcome.Error?.ToString());
        Assert.Equal(1, connections);
    }

    [Fact]
    public async Task Prefer_NoTls_GoesOnWithout() => AssertPlain(await ConnectAsync(SslMode.Prefer, _ => new ScriptedStartUp { SslAnswer = [(byte)'N'] }), connections: 1);

    [Fact]
    public async Task Prefer_FailedHandshake_StartsAgainWithout() =>
        AssertPlain(
            await ConnectAsync(SslMode.Prefer, _ => null, SpoilHandshakeAsync),
            connections: 2);

    [Fact]
    public async Task Prefer_NoRuleForTls_StartsAgainWithout() =>
        AssertPlain(
            await ConnectAsync(SslMode.Prefer, number => number > 0 ? null : new ScriptedStartUp
            {
                Certificate = _certificate, Authentication = c => c.SendAsync(ErrorResponse("28000", "no pg_hba.conf entry", "FATAL")), Parameters = [], Ready = false, Secret = null,
            }),
            connections: 2);

    [Fact]
    public async Task Prefer_WrongPassword_IsNotTriedAgain()
    {
        (Outcome outcome, ScriptedServer server, _) = await ConnectAsync(SslMode.Prefer, _ => new ScriptedStartUp
        {
            Certificate = _certificate, Authentication = c => c.SendAsync(ErrorResponse("28P01", "wrong password", "FATAL")), Parameters = [], Ready = false, Secret = null,
        });
        Assert.Equal("28P01", Assert.IsType<PostgresServerException>(outcome.Error).SqlState);
        Assert.Single(server.Connections);
    }

    [Fact]
    public async Task Allow_NoRuleForPlain_StartsAgainWithTls()
    {
        (Outcome outcome, ScriptedServer server, List<bool> tls) = await ConnectAsync(SslMode.Allow, number => number > 0
            ? new ScriptedStartUp { Certificate = _certificate }
            : new ScriptedStartUp { Authentication = c => c.SendAsync(ErrorResponse("28000", "no pg_hba.conf entry", "FATAL")), Parameters = [], Ready = false, Secret = null });
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
        Assert.Equal(2, server.Connections.Count);
        Assert.Equal([true], tls);
    }

    [Theory]
    [InlineData("localhost", SslMode.VerifyFull, "127.0.0.1", true, true)]
    [InlineData("elsewhere.example", SslMode.VerifyFull, "127.0.0.1", true, false)]
    [InlineData("elsewhere.example", SslMode.VerifyCa, "127.0.0.1", true, true)]
    [InlineData("localhost", SslMode.VerifyFull, "127.0.0.1", false, false)]
    [InlineData("localhost", SslMode.VerifyCa, "127.0.0.1", false, false)]
    [InlineData("localhost", SslMode.Require, "127.0.0.1", false, false)]
    public async Task Certificate_IsHeldToItsNameAndAuthority(string host, SslMode mode, string address, bool rightAuthority, bool accepted)
    {
        using var other = new CertificateAuthority("another authority");
        string roots = Path.Combine(_folder, "roots.pem");
        await File.WriteAllTextAsync(roots, (rightAuthority ? _authority : other).CertificatePem);
        using X509Certificate2 certificate = _authority.IssueServer("localhost");
        (Outcome outcome, _, _) = await ConnectAsync(
            mode,
            _ => new ScriptedStartUp { Certificate = certificate },
            adapt: o => o with { SslRootCertificateFile = roots, Endpoints = [PostgresEndpoint.Tcp(host, o.Endpoints[0].Port) with { Address = address }] });
        Assert.Equal(accepted ? null : ErrorKind.Tls, outcome.Kind);
    }

    [Fact]
    public async Task SystemRoots_DoNotKnowATestAuthority() =>
        Assert.Equal(ErrorKind.Tls, (await ConnectAsync(SslMode.VerifyFull, _ => new ScriptedStartUp { Certificate = _certificate })).Outcome.Kind);

    [Theory]
    [InlineData(-10, -1, false)]
    [InlineData(1, 10, false)]
    [InlineData(-1, 10, true)]
    public async Task Certificate_OutOfItsTime_IsRefused(int fromDays, int toDays, bool accepted)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = SelfSigned(key, DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(toDays));
        string roots = Path.Combine(_folder, "roots.pem");
        await File.WriteAllTextAsync(roots, certificate.ExportCertificatePem());
        (Outcome outcome, _, _) = await ConnectAsync(SslMode.VerifyFull, _ => new ScriptedStartUp { Certificate = certificate }, adapt: o => o with { SslRootCertificateFile = roots });
        Assert.Equal(accepted ? null : ErrorKind.Tls, outcome.Kind);
    }

    [Theory]
    [InlineData(SslMode.Require)]
    [InlineData(SslMode.VerifyFull)]
    public async Task Certificate_NamingAnAddress_SendsUsNowhere(SslMode mode)
    {
        // A certificate may say where its issuer's certificate is to be had. Going there would be a request of the server's choice, and any wait.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using ECDsa issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issuer = SelfSigned(issuerKey, DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(20), isAuthority: true);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(
            null, [$"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/issuer.crt"]));
        using X509Certificate2 signed = request.Create(issuer, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(10), [1, 2, 3]);
        using X509Certificate2 certificate = signed.CopyWithPrivateKey(key);

        // Made offline: the server's own side would ask there otherwise.
        SslStreamCertificateContext context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        bool isAuthenticated = false;
        Outcome outcome = await HostileServer.MeetAsync(
            async c =>
            {
                await c.Stream.ReadExactlyAsync(new byte[8]);
                await c.SendAsync("S"u8.ToArray().AsMemory());
                await using var tls = new SslStream(c.Stream, leaveInnerStreamOpen: true);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = context });
                isAuthenticated = await tls.ReadAsync(new byte[1]) == 1;
                c.Cut(CutKind.Finish);
            },
            o => o with { SslMode = mode, ConnectTimeout = Limit / 2 });
        Assert.Equal(mode == SslMode.Require, isAuthenticated);
        Assert.True(outcome.Kind is ErrorKind.Tls || mode == SslMode.Require, outcome.Error?.ToString());
        Assert.False(listener.Pending(), "the address in the certificate was asked");
    }

    [Fact]
    public async Task ClientCertificate_IsShown()
    {
        using X509Certificate2 mine = _authority.IssueClient("postgres");
        string certificateFile = Path.Combine(_folder, "client.pem");
        string keyFile = Path.Combine(_folder, "client.key");
        CertificateAuthority.Write(mine, certificateFile, keyFile);
        string? shown = null;
        (Outcome outcome, _, _) = await ConnectAsync(
            SslMode.Require,
            _ => new ScriptedStartUp
            {
                Certificate = _certificate,
                AsksForClientCertificate = true,
                Authentication = c =>
                {
                    shown = ((SslStream)c.Stream).RemoteCertificate?.Subject;
                    return c.SendAsync(AuthenticationOk);
                },
            },
            adapt: o => o with { SslCertificateFile = certificateFile, SslKeyFile = keyFile });
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
        Assert.Equal("CN=postgres", shown);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task TlsVersions_AreTheOnesOffered(SslProtocols version)
    {
        SslProtocols used = SslProtocols.None;
        (Outcome outcome, _, _) = await ConnectAsync(
            SslMode.Require,
            _ => new ScriptedStartUp
            {
                Certificate = _certificate,
                Authentication = c =>
                {
                    used = ((SslStream)c.Stream).SslProtocol;
                    return c.SendAsync(AuthenticationOk);
                },
            },
            adapt: o => o with { TlsVersions = version });
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
        Assert.Equal(version, used);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DirectTls_NeedsAServerThatSpeaksPostgres(bool agrees)
    {
        Func<ScriptedConnection, Task>? first = agrees ? null : async c =>
        {
            var tls = new SslStream(c.Stream, leaveInnerStreamOpen: true);
            await tls.AuthenticateAsServerAsync(_certificate);
            await tls.CopyToAsync(Stream.Null);
        };
        (Outcome outcome, _, _) = await ConnectAsync(
            SslMode.Require, _ => new ScriptedStartUp { Certificate = _certificate, DirectTls = true }, first, o => o with { SslDirect = true });
        Assert.Equal(agrees ? null : ErrorKind.Tls, outcome.Kind);
    }

    [Theory]
    [InlineData("silent before the answer")]
    [InlineData("silent in the handshake")]
    [InlineData("drips in the handshake")]
    public async Task Stall_EndsWithTheConnectTimeout(string stall)
    {
        Outcome outcome = await HostileServer.MeetAsync(
            async c =>
            {
                if (stall == "silent before the answer")
                {
                    return;
                }

                await c.Stream.ReadExactlyAsync(new byte[8]);
                await c.SendAsync("S"u8.ToArray().AsMemory());
                if (stall == "drips in the handshake")
                {
                    // A handshake record that never becomes whole.
                    await HostileServer.DripAsync(c, [22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc, .. new byte[1000]]);
                }
            },
            o => o with { SslMode = SslMode.Require });
        Assert.Equal(ErrorKind.Timeout, outcome.Kind);
    }

    [Fact]
    public async Task Cancel_OfAnEncryptedQuery_IsEncrypted()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync(new ScriptedStartUp { Certificate = _certificate, ProcessId = 77, Secret = [9, 8, 7, 6] });
            await c.ExpectAsync("PDH");
            await c.SendAsync(Conversation.DescribedJson);
            await c.ExpectAsync("BES");
            await c.SendAsync(BindComplete, DataRow("1"));
            await c.DrainAsync();
        });
        await using var source = PostgresDataSource.Create(Outcome.OptionsFor(server) with { SslMode = SslMode.Require });
        JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        Assert.True(await stream.ReadBatchAsync());
        await stream.DisposeAsync().AsTask().WaitAsync(Limit);
        await Wait.UntilAsync(() => server.CancelRequests.Count > 0, Limit, "the cancel request");
        CancelRequest cancel = server.CancelRequests[0];
        Assert.True(cancel.OverTls);
        Assert.Equal(77, cancel.ProcessId);
        Assert.Equal([9, 8, 7, 6], cancel.Secret);
    }

    [Fact]
    public async Task Cancel_ServerOffersNoTlsForIt_SendsNoKeyInClear()
    {
        byte[]? heard = null;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            if (c.Number == 0)
            {
                await c.StartUpAsync(new ScriptedStartUp { Certificate = _certificate });
                await c.ExpectAsync("PDH");
                await c.SendAsync(Conversation.DescribedJson);
                await c.ExpectAsync("BES");
                await c.SendAsync(BindComplete, DataRow("1"));
                await c.DrainAsync();
                return;
            }

            await c.Stream.ReadExactlyAsync(new byte[8]);
            await c.SendAsync("N"u8.ToArray().AsMemory());
            using var rest = new MemoryStream();
            await c.Stream.CopyToAsync(rest);
            heard = rest.ToArray();
        });
        await using var source = PostgresDataSource.Create(Outcome.OptionsFor(server) with { SslMode = SslMode.Prefer });
        JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        Assert.True(await stream.ReadBatchAsync());
        await stream.DisposeAsync().AsTask().WaitAsync(Limit);
        await Wait.UntilAsync(() => heard is not null, Limit, "the end of the cancel connection");
        Assert.Empty(heard!);
    }

    // Promises TLS, and then says something else.
    private static async Task SpoilHandshakeAsync(ScriptedConnection connection)
    {
        await connection.Stream.ReadExactlyAsync(new byte[8]);
        await connection.SendAsync("S"u8.ToArray().AsMemory());
        await connection.Stream.ReadExactlyAsync(new byte[100]);
        await connection.SendAsync("this is no TLS record"u8.ToArray().AsMemory());
    }

    private static X509Certificate2 SelfSigned(ECDsa key, DateTimeOffset from, DateTimeOffset to, bool isAuthority = false)
    {
        var request = new CertificateRequest(isAuthority ? "CN=issuer" : "CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(from, to);
    }

    private static void AssertPlain((Outcome Outcome, ScriptedServer Server, List<bool> Tls) run, int connections)
    {
        Assert.True(run.Outcome.IsComplete, run.Outcome.Error?.ToString());
        Assert.Equal(connections, run.Server.Connections.Count);
        Assert.Equal([false], run.Tls);
    }

    /// <summary>Reads one row from a server; the second server-side value tells of each query whether it came through TLS.</summary>
    private static async Task<(Outcome Outcome, ScriptedServer Server, List<bool> Tls)> ConnectAsync(
        SslMode mode, Func<int, ScriptedStartUp?> startUp, Func<ScriptedConnection, Task>? first = null, Func<PostgresOptions, PostgresOptions>? adapt = null)
    {
        var tls = new List<bool>();
        ScriptedServer server = ScriptedServer.Start(async c =>
        {
            if (first is not null && c.Number == 0)
            {
                await first(c);
                return;
            }

            try
            {
                await c.StartUpAsync(startUp(c.Number));
            }
            catch (AuthenticationException)
            {
                // The client did not like our certificate, which is what many of these tests are about.
                return;
            }

            await c.ExpectAsync("PDH");
            lock (tls)
            {
                tls.Add(c.Stream is SslStream);
            }

            await c.SendAsync(Conversation.DescribedJson);
            await c.ExpectAsync("BES");
            await c.SendAsync(Conversation.Result(DataRow("1")));
            await c.DrainAsync();
        });
        PostgresOptions options = Outcome.OptionsFor(server) with { SslMode = mode };
        Outcome outcome = await Outcome.ReadAsync(adapt?.Invoke(options) ?? options).WaitAsync(Limit * 2);

        // A script whose client went away at the start has failed its expectation, and that is no news.
        try
        {
            await server.DisposeAsync();
        }
        catch (AggregateException) when (!outcome.IsComplete || server.Connections.Count > 1)
        {
            return (outcome, server, tls);
        }

        return (outcome, server, tls);
    }
}
