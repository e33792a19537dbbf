using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.TestKit.Tests.Servers;

public sealed class ScriptedServerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly byte[] SslRequest = [0, 0, 0, 8, 4, 210, 22, 47];

    [Theory]
    [InlineData(1, AddressFamily.InterNetwork)]
    [InlineData(7, AddressFamily.InterNetwork)]
    [InlineData(7, AddressFamily.InterNetworkV6)] // a dual-mode socket, .NET's own default
    public async Task Segment_Fragments_ClientReadsExactlyThose(int size, AddressFamily family)
    {
        byte[] bytes = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.Segment(Segmentation.Fragments(size));
            await c.SendAsync(bytes);
        });

        (List<int> sizes, byte[] all) = await ReadAllAsync(server, family);

        Assert.Equal(bytes, all);
        Assert.Equal(bytes.Chunk(size).Select(p => p.Length), sizes);
        Assert.Equal(bytes.Length, server.SentBytes);
    }

    [Fact]
    public async Task Segment_SplitAtEveryPosition_ClientReadsTwoPieces()
    {
        byte[] bytes = [.. Enumerable.Range(0, 20).Select(i => (byte)i)];
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.Segment(Segmentation.SplitAt(c.Number + 1));
            await c.SendAsync(bytes);
        });

        for (int position = 1; position < bytes.Length; position++)
        {
            (List<int> sizes, byte[] all) = await ReadAllAsync(server);
            Assert.Equal(bytes, all);
            Assert.Equal([position, bytes.Length - position], sizes);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task CutAfter_Finish_ClientReadsThatMuchAndTheEnd(int position)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.CutAfter(position, CutKind.Finish);
            await c.SendAsync(new byte[10]);
        });

        (_, byte[] all) = await ReadAllAsync(server);
        Assert.Equal(position, all.Length);
    }

    [Fact]
    public async Task CutAfter_Reset_ClientGetsAnError()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.CutAfter(5, CutKind.Reset);
            await c.SendAsync(new byte[10]);
        });

        // The reset may overtake the client's own notice that it is connected; it is then connecting that fails.
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => ReadAllAsync(server));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(e is IOException ? e.InnerException : e).SocketErrorCode);
        Assert.Equal(5, server.SentBytes);
    }

    [Fact]
    public async Task ScriptEnds_ClientBytesUnread_ClientStillReadsEverything()
    {
        await using ScriptedServer server = ScriptedServer.Start(c => c.SendAsync(BackendMessages.ErrorResponse("57P03", "starting")));
        using TcpClient client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(new byte[100_000]);
        using var read = new MemoryStream();
        await client.GetStream().CopyToAsync(read).WaitAsync(Limit);
        Assert.Equal(BackendMessages.ErrorResponse("57P03", "starting"), read.ToArray());
    }

    [Fact]
    public async Task StartUp_CancelRequest_IsRecorded()
    {
        await using ScriptedServer server = ScriptedServer.Start(c => c.StartUpAsync());
        using (TcpClient client = await ConnectAsync(server))
        {
            await client.GetStream().WriteAsync(new byte[] { 0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 18, 103, 9, 8, 7, 6 });
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Limit));
        }

        CancelRequest cancel = Assert.Single(server.CancelRequests);
        Assert.Equal(4711, cancel.ProcessId);
        Assert.Equal([9, 8, 7, 6], cancel.Secret);
        Assert.False(cancel.OverTls);
    }

    [Fact]
    public async Task StartUp_WithTls_SegmentsTheTlsBytesToo()
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        var started = new TaskCompletionSource<StartUpMessage>();
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.Segment(Segmentation.Fragments(7));
            started.SetResult(await c.StartUpAsync(new ScriptedStartUp { Certificate = certificate, Parameters = [] }));
        });

        using TcpClient client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(SslRequest);
        Assert.Equal('S', client.GetStream().ReadByte());
        await using var tls = new SslStream(new DribbleStream(client.GetStream(), Segmentation.Whole));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
#pragma warning disable CA5359 // The segments are the question, not the certificate.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        }).WaitAsync(Limit);
        byte[] parameters = Encoding.ASCII.GetBytes("\0\u0003\0\0user\0me\0\0");
        byte[] packet = new byte[parameters.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        parameters.CopyTo(packet, 4);
        await tls.WriteAsync(packet);

        byte[] expected = BackendMessages.Join(
            BackendMessages.AuthenticationOk, BackendMessages.BackendKeyData(4711, 1, 2, 3, 4), BackendMessages.ReadyForQuery());
        byte[] read = new byte[expected.Length];
        await tls.ReadExactlyAsync(read).AsTask().WaitAsync(Limit);
        Assert.Equal(expected, read);
        Assert.Equal("me", (await started.Task.WaitAsync(Limit)).Parameters["user"]);
        Assert.True(server.SentBytes > 500, "the certificate alone is longer");
    }

    [Fact]
    public async Task Dispose_ScriptExpectedSomethingElse_Throws()
    {
        ScriptedServer server = ScriptedServer.Start(c => c.ExpectAsync("P"));
        using (TcpClient client = await ConnectAsync(server))
        {
            await client.GetStream().WriteAsync(BackendMessages.Raw('Q', "select 1\0"u8));
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Limit));
        }

        AggregateException e = await Assert.ThrowsAsync<AggregateException>(async () => await server.DisposeAsync());
        Assert.IsType<ScriptException>(e.InnerException);
    }

    [Fact]
    public async Task AnswerQuery_RealClient_ReadsItsRows()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            await c.AnswerQueryAsync(
                BackendMessages.RowDescription(("data", 114)),
                Enumerable.Range(1, 3).Select(i => BackendMessages.DataRow($"{{\"i\":{i}}}")),
                "SELECT 3");
            await c.ExpectAsync("X");
        });

        byte[] output = await CommandLine.RunAsync("psql", ["-XAtc", "select data from t", server.ConnectionString]);

        Assert.Equal("{\"i\":1}\n{\"i\":2}\n{\"i\":3}\n", Encoding.UTF8.GetString(output));
    }

    private static async Task<TcpClient> ConnectAsync(ScriptedServer server, AddressFamily family = AddressFamily.InterNetwork)
    {
        var client = new TcpClient(family);
        if (family == AddressFamily.InterNetworkV6)
        {
            client.Client.DualMode = true;
        }

        await client.ConnectAsync(family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.Loopback.MapToIPv6(), server.Port);
        return client;
    }

    private static async Task<(List<int> Sizes, byte[] All)> ReadAllAsync(
        ScriptedServer server, AddressFamily family = AddressFamily.InterNetwork)
    {
        using TcpClient client = await ConnectAsync(server, family);
        var sizes = new List<int>();
        using var all = new MemoryStream();
        byte[] buffer = new byte[4096];
        for (int read; (read = await client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(Limit)) > 0;)
        {
            sizes.Add(read);
            all.Write(buffer, 0, read);
        }

        return (sizes, all.ToArray());
    }
}
