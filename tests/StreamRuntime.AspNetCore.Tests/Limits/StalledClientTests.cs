using System.Net.Sockets;
using System.Text;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.AspNetCore.Tests.Limits;

/// <summary>Clients that ask for rows without end and take none of them.</summary>
public sealed class StalledClientTests
{
    private const long MostQueued = 256 * 1024;

    // What a chunk or a frame adds to its rows is not counted below, and is less than this in all.
    private const long MostFraming = 8 * 1024;

    public static TheoryData<string, int, bool> Clients => new()
    {
        { "Accept: application/x-ndjson\r\n", 100, true },
        { "Accept: application/x-ndjson\r\n", 20_000, true },
        { "Accept: application/json\r\n", 1000, true },
        { "Accept: text/event-stream\r\n", 1000, true },
        { Upgrade, 100, false },
        { Upgrade, 20_000, false },
    };

    private static string Upgrade =>
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: streamruntime.v1\r\n";

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Client_ThatTakesNothing_HasLittleQueuedForIt(string headers, int rowBytes, bool isHttp)
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Sample(long.MaxValue, rowBytes)));
        using Socket socket = await host.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /rows/q HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));

        StreamStatistics? statistics = null;
        await Wait.UntilAsync(
            async () =>
            {
                long before = statistics?.RowsDelivered ?? 0;
                await Task.Delay(300);
                statistics = host.Gateway.Sessions.SingleOrDefault()?.Stream?.GetStatistics();
                return before > 0 && statistics!.RowsDelivered == before;
            },
            TestRun.Patience,
            "the stream stands still");

        // What was received for it, less what its kernel and ours have taken over, is in our own memory.
        ServerConnection connection = Assert.Single(await ServerConnection.ListAsync(host.Address.Port));
        int framing = headers.Contains("event-stream", StringComparison.Ordinal) ? "data: \n\n".Length : isHttp && headers.Contains("/json", StringComparison.Ordinal) ? 2 : 1;
        long received = statistics!.BytesDelivered + statistics.RowsDelivered * framing;
        long queued = received - socket.Available - connection.QueuedBytes;

        // More than nothing, or the sum is wrong: what holds the stream back is the server's pipe.
        Assert.InRange(queued, 1, MostQueued - MostFraming);
    }
}
