using System.Net.WebSockets;
using System.Security.Cryptography;
using StreamRuntime.AspNetCore.Bridging.Backends;
using StreamRuntime.AspNetCore.Tests.Hosting;

namespace StreamRuntime.AspNetCore.Tests.Bridging.Backends;

/// <summary>The whole way: a WebSocket client, the server, the system's <c>ssh</c>, and a real sshd.</summary>
public sealed class SshOverWebSocketTests
{
    [Fact]
    public async Task Shell_EchoesWhatTheClientSends_AndItsEndIsTheClientsNormalClose()
    {
        await using SshServer server = await SshServer.StartAsync();
        await using BridgeHost host = await BridgeHost.StartAsync(() => new SshBackend(server.Options with { Command = "cat" }));
        using ClientWebSocket client = await host.ConnectAsync();
        byte[] sent = RandomNumberGenerator.GetBytes(TestRun.IsFull ? 100_000_000 : 5_000_000);
        Task sending = SendAsync();
        var received = new MemoryStream();
        while (await BridgeHost.ReceiveAsync(client) is { } message)
        {
            Assert.Equal(WebSocketMessageType.Binary, message.Type);
            received.Write(message.Bytes);
        }

        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(received.ToArray()));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);

        async Task SendAsync()
        {
            using var patience = new CancellationTokenSource(TestRun.Patience * 4);
            foreach (byte[] part in sent.Chunk(60_000))
            {
                await client.SendAsync(part, WebSocketMessageType.Binary, true, patience.Token);
            }

            await BridgeHost.SendTextAsync(client, """{"type":"end"}""");
        }
    }

    [Fact]
    public async Task WrongHostKey_ClosesWithACodeThatSaysSo_AndRunsNothing()
    {
        await using SshServer server = await SshServer.StartAsync();
        SshBackendOptions options = await server.WithOtherHostKeyAsync();
        await using BridgeHost host = await BridgeHost.StartAsync(() => new SshBackend(options with { Command = "echo must not run" }));
        using ClientWebSocket client = await host.ConnectAsync();

        Assert.Null(await BridgeHost.ReceiveAsync(client));
        Assert.Equal(WebSocketCloseStatus.InternalServerError, client.CloseStatus);
    }
}
