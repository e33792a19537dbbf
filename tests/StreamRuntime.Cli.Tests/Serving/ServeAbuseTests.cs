using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using Xunit.Abstractions;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>Clients that mean no good, or are dead, against <c>streamrt serve</c>; what counts is that the healthy ones notice nothing.</summary>
public sealed class ServeAbuseTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Handshakes_ThatNeverFinish_AreCutOff_AndHinderNobody()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=100", "--handshake-timeout", "3s");
        string[] begun = ["", "G", "GET /rows/rows HTTP/1.1\r\nHost: x\r\n", "GET /rows/rows HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"];
        Socket[] silent = await Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            Socket socket = await ConnectAsync(served);
            await socket.SendAsync(Encoding.ASCII.GetBytes(begun[i % begun.Length]));
            return socket;
        }));
        Task<bool>[] ends = [.. silent.Select(IsEndedAsync)];

        // A byte at a time until it is cut off as well.
        using Socket drip = await ConnectAsync(served);
        Task<bool> dripEnds = IsEndedAsync(drip);
        _ = DripAsync(drip, dripEnds);
        var clock = Stopwatch.StartNew();
        while (!ends.All(e => e.IsCompleted) || !dripEnds.IsCompleted)
        {
            Assert.Equal(100, (await served.Http.GetStringAsync(new Uri("rows/rows", UriKind.Relative))).Count(c => c == '\n'));
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Streamrt.Limit);
            await Task.Delay(50);
        }

        Assert.All(ends, e => Assert.True(e.Result));
        foreach (Socket socket in silent)
        {
            socket.Dispose();
        }
    }

    [Fact]
    public async Task Peer_ThatAnswersNothing_IsGivenUp_AndItsQueryIsCancelled()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(
            "--source", cluster.Uri, "--endpoint", "sleep=select json_build_object('slept', pg_sleep(600)::text)", "--ping-interval", "200ms", "--pong-timeout", "1s");
        using Socket socket = await UpgradeAsync(served, "rows/sleep");
        await Wait.UntilAsync(async () => await cluster.CountActiveQueriesAsync() == 1, Streamrt.Limit, "the query runs");

        await Wait.UntilAsync(async () => await cluster.CountActiveQueriesAsync() == 0, Streamrt.Limit, "the query is cancelled");
        Assert.True(await IsEndedAsync(socket).WaitAsync(Streamrt.Limit));
    }

    [Fact]
    public async Task Drops_WithoutAWord_GiveEveryPlaceBack()
    {
        int drops = ServeRun.IsFull ? 10_000 : 1000;
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(
        [
            "--source", "sample:rows=1000000000", "--max-connections", "60", "--max-connections-per-address", "20", "--max-streams", "30", "--log-level", "error",
            .. administrator.Arguments,
        ]);
        var statuses = new ConcurrentDictionary<int, int>();
        int withoutRetry = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, drops), new ParallelOptions { MaxDegreeOfParallelism = 100 }, async (i, _) =>
        {
            using Socket socket = await ConnectAsync(served, from: i % 3 == 0 ? "127.0.0.2" : "127.0.0.1");
            socket.LingerState = new LingerOption(enable: true, 0);
            await socket.SendAsync(Request("rows/rows", upgrade: i % 2 == 0));
            string head = await HeadAsync(socket);
            int status = head.Length == 0 ? 0 : int.Parse(head.Split(' ')[1], CultureInfo.InvariantCulture);
            statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            if (status is 429 or 503 && !head.Contains("\r\nRetry-After: 5\r\n", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref withoutRetry);
            }
        });
        var clock = Stopwatch.StartNew();
        await administrator.QuietAsync(served);
        output.WriteLine($"{drops} drops: {string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Key} x{s.Value}"))}; every place back after {clock.ElapsedMilliseconds} ms");

        Assert.Equal(0, withoutRetry);
        Assert.Subset(new HashSet<int> { 101, 200, 429, 503 }, statuses.Keys.ToHashSet());
        Assert.True(statuses.ContainsKey(101) && statuses.ContainsKey(200) && statuses.ContainsKey(429) && statuses.ContainsKey(503));
        using HttpResponseMessage again = await served.Http.GetAsync(new Uri("rows/rows", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Consumers_ThatStall_CostLittle_AndHoldTheDatabaseBack()
    {
        const int Consumers = 200;
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions { Settings = [$"max_connections = {Consumers + 20}"] });
        await using ServedProgram served = await ServedProgram.StartAsync(
            "--source", cluster.Uri, "--pool-size", Consumers.ToString(CultureInfo.InvariantCulture), "--log-level", "error",
            "--endpoint", "endless=select json_build_object('id', id, 'text', repeat('x', 200)) from (select generate_series(1, 1000000000) as id) as ids",
            "--endpoint", "few=select json_build_object('id', id) from generate_series(1, 100) as id");

        // As many connections and as much code as the stalled ones will need, so that only what they hold is counted.
        await Task.WhenAll(Enumerable.Range(0, Consumers).Select(_ => served.Http.GetStringAsync(new Uri("rows/few", UriKind.Relative))));
        using (var socket = new RowsSocket(served.Address, "rows/few"))
        {
            await socket.ConnectAsync();
            await socket.ReadToEndAsync();
        }

        long before = ProcessStatus.ResidentBytes(served.Id);
        var sockets = new List<Socket>();
        for (int i = 0; i < Consumers; i++)
        {
            Socket socket = await ConnectAsync(served);
            sockets.Add(socket);
            await socket.SendAsync(Request("rows/endless", upgrade: i % 2 == 0));
        }

        long sent = -1;
        await Wait.UntilAsync(
            async () =>
            {
                IReadOnlyList<ServerConnection> connections = await cluster.ListConnectionsAsync();
                long seen = sent;
                sent = connections.Sum(c => c.SentBytes);
                await Task.Delay(1000);
                return connections.Count(c => c.SentBytes > 0) == Consumers && sent == seen;
            },
            Streamrt.Limit,
            "every backend is held back");
        long grown = ProcessStatus.ResidentBytes(served.Id) - before;
        long most = (await cluster.ListConnectionsAsync()).Max(c => c.SentBytes);
        output.WriteLine($"{Consumers} stalled consumers: {grown / 1048576.0:0.0} MiB resident in all, {grown / 1024.0 / Consumers:0} KiB each; a backend sent at most {most / 1024} KiB, kernel buffers included");

        // The promise. Half of it is rows that are held; without a bound on garbage (the program's own GC settings) as much again and more is added by it.
        Assert.InRange(grown, long.MinValue, 100_000_000);
        foreach (Socket socket in sockets)
        {
            socket.Dispose();
        }

        await Wait.UntilAsync(async () => await cluster.CountActiveQueriesAsync() == 0, Streamrt.Limit, "every query is cancelled");
        Assert.Equal(100, (await served.Http.GetStringAsync(new Uri("rows/few", UriKind.Relative))).Count(c => c == '\n'));
    }

    private static async Task<Socket> ConnectAsync(ServedProgram served, string from = "127.0.0.1")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(IPAddress.Loopback, served.Address.Port);
        return socket;
    }

    private static async Task<Socket> UpgradeAsync(ServedProgram served, string path)
    {
        Socket socket = await ConnectAsync(served);
        await socket.SendAsync(Request(path, upgrade: true));
        Assert.StartsWith("HTTP/1.1 101 ", await HeadAsync(socket), StringComparison.Ordinal);
        return socket;
    }

    private static byte[] Request(string path, bool upgrade) => Encoding.ASCII.GetBytes(
        $"GET /{path} HTTP/1.1\r\nHost: localhost\r\n"
        + (upgrade ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: streamruntime.v1\r\n" : "")
        + "\r\n");

    private static async Task<string> HeadAsync(Socket socket)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one).WaitAsync(Streamrt.Limit) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static async Task<bool> IsEndedAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // A reset ends it as well.
        }

        return true;
    }

    private static async Task DripAsync(Socket socket, Task ended)
    {
        byte[] request = [.. "GET /rows/rows HTTP/1.1\r\nX: "u8, .. Enumerable.Repeat((byte)'x', 4000)];
        try
        {
            for (int i = 0; i < request.Length && !ended.IsCompleted; i++)
            {
                await socket.SendAsync(request.AsMemory(i, 1));
                await Task.Delay(200);
            }
        }
        catch (SocketException)
        {
            // It has been cut off.
        }
    }
}
