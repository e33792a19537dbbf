using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;
using Xunit.Abstractions;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>Many clients at once on a PostgreSQL with few connections, and SIGTERM in the middle of it.</summary>
public sealed class ServeLoadTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int PoolSize = 20;
    private const int TableRows = 20_000;
    private const string Ours = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
    private const string Endless = "endless=select json_build_object('id', id, 'text', repeat('x', 100)) from (select generate_series(1, 1000000000) as id) as ids";

    private static readonly int s_clients = ServeRun.IsFull ? 500 : 120;
    private static readonly string[] s_formats = ["application/x-ndjson", "application/json", "text/event-stream"];
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 }) { Timeout = TimeSpan.FromMinutes(5) };

    private PostgresCluster _cluster = null!;
    private byte[] _all = null!;
    private int[] _starts = null!;

    public async Task InitializeAsync()
    {
        _cluster = await PostgresCluster.StartAsync();
        await _cluster.PsqlAsync($"create table t as select id, json_build_object('id', id, 'text', 'zeile ' || id || ' ä') as data from generate_series(1, {TableRows}) as id");
        _all = await _cluster.PsqlBytesAsync("select data from t order by id");
        _starts = [0, .. Enumerable.Range(0, _all.Length).Where(i => _all[i] == '\n').Select(i => i + 1)];
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Clients_OfBothKinds_AThirdPausingAtRandom_GetExactlyTheirRows()
    {
        int seed = Environment.TickCount;
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await StartAsync(administrator);
        int pauses = 0;
        var took = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, s_clients).Select(async client =>
        {
            // Each has a result of its own, so rows that went to another one show.
            int after = (client * 37) % (TableRows / 2);
            string path = string.Create(CultureInfo.InvariantCulture, $"rows/after?id={after}");
            if (client % 3 == 0)
            {
                byte[] body = await s_http.GetByteArrayAsync(new Uri(served.Address, path));
                Assert.Equal((TableRows - after, HashAfter(after)), (body.Count(b => b == '\n'), Convert.ToHexStringLower(SHA256.HashData(body))));
                return;
            }

            using var socket = new RowsSocket(served.Address, path);
            await socket.ConnectAsync();
            await (client % 3 == 1 ? socket.ReadToEndAsync(new Random(seed + client), pauses: 5) : socket.ReadToEndAsync()).WaitAsync(TimeSpan.FromMinutes(5));
            Assert.Equal((TableRows - after, HashAfter(after), 1000), (socket.Rows, socket.Sha256, socket.CloseCode));
            Interlocked.Add(ref pauses, socket.Pauses);
        }));
        output.WriteLine($"{s_clients} clients, {PoolSize} connections, seed {seed}: {took.Elapsed.TotalSeconds:0.0} s, {pauses} pauses");

        Assert.InRange(pauses, 1, int.MaxValue);
        await administrator.QuietAsync(served);
        Assert.InRange(int.Parse(await _cluster.PsqlAsync(Ours), CultureInfo.InvariantCulture), 0, PoolSize);
        Assert.Equal(0, await _cluster.CountActiveQueriesAsync());
        Assert.Equal(0, await served.StopAsync());
    }

    [Fact]
    public async Task Terminate_UnderLoad_EndsEveryClientInOrder()
    {
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await StartAsync(administrator, "--drain-time", "500ms", "--shutdown-timeout", "20s");
        var clock = Stopwatch.StartNew();
        using var load = new CancellationTokenSource();
        var requests = new ConcurrentBag<(TimeSpan Asked, TimeSpan Answered, bool IsAccepted)>();
        var ends = new ConcurrentBag<string>();

        // Some results can't be over by the time the drain is; the others come and go.
        Task[] clients = [.. Enumerable.Range(0, s_clients).Select(client => (client % 3) switch
        {
            0 => LoopOverHttpAsync(client < 12),
            1 when client < 24 => OneWebSocketAsync("rows/endless", client % 2 == 0),
            _ => LoopOverWebSocketsAsync(),
        })];
        await Wait.UntilAsync(
            async () => (await administrator.ListAsync(served)).GetProperty("connections").GetInt32() > s_clients * 2 / 3 && requests.Count > s_clients, Streamrt.Limit, "all of them are busy");

        TimeSpan told = clock.Elapsed;
        served.Signal(UnixSignal.Terminate);
        await Wait.UntilAsync(() => requests.Any(r => !r.IsAccepted), Streamrt.Limit, "new work is refused");
        await Task.WhenAll(clients).WaitAsync(Streamrt.Limit);
        int code = await served.WaitForExitAsync();
        TimeSpan exited = clock.Elapsed;

        TimeSpan refused = requests.Where(r => !r.IsAccepted).Min(r => r.Answered);
        string summary = string.Join(", ", ends.GroupBy(e => e).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key} {g.Count()}"));
        output.WriteLine($"{s_clients} clients: first refusal {(refused - told).TotalMilliseconds:0} ms after the signal, exit after {(exited - told).TotalSeconds:0.0} s; {summary}");
        Assert.Equal(0, code);
        Assert.InRange(exited - told, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.DoesNotContain(requests, r => r.IsAccepted && r.Asked > refused);
        Assert.DoesNotContain(ends, e => e.Contains("wrong", StringComparison.Ordinal));
        Assert.Contains("websocket 1001", ends);
        Assert.Contains("http broken", ends);
        Assert.Equal("0", await _cluster.PsqlAsync(Ours));

        async Task LoopOverHttpAsync(bool isEndless)
        {
            for (int round = 0; ; round++)
            {
                string accept = s_formats[round % s_formats.Length];
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(served.Address, isEndless ? "rows/endless" : "rows/after?id=15000"));
                request.Headers.TryAddWithoutValidation("Accept", accept);
                TimeSpan asked = clock.Elapsed;
                bool isAccepted = false;
                try
                {
                    using HttpResponseMessage response = await s_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                    isAccepted = response.StatusCode == HttpStatusCode.OK;
                    requests.Add((asked, clock.Elapsed, isAccepted));
                    if (!isAccepted)
                    {
                        ends.Add(response is { StatusCode: HttpStatusCode.ServiceUnavailable, Headers.RetryAfter: not null } ? "http 503" : $"wrong: http {(int)response.StatusCode}");
                        return;
                    }

                    await using Stream body = await response.Content.ReadAsStreamAsync();
                    string end = await EndOfAsync(body);
                    bool isWhole = accept switch
                    {
                        "application/json" => end.EndsWith("]\n", StringComparison.Ordinal),
                        "text/event-stream" => end.Contains("event: complete\n", StringComparison.Ordinal),
                        _ => true,
                    };
                    if (accept == "text/event-stream" && !isWhole)
                    {
                        ends.Add(end.Contains("event: error\ndata: {\"error\":\"Shutdown\"", StringComparison.Ordinal) && end.Contains("retry: ", StringComparison.Ordinal)
                            ? "http broken" : "wrong: events without an end");
                        return;
                    }

                    if (isEndless || !isWhole)
                    {
                        ends.Add($"wrong: a broken result looks whole ({accept})");
                        return;
                    }

                    Assert.Contains($"\"id\" : {TableRows}", end, StringComparison.Ordinal);
                }
                catch (Exception failure) when (failure is HttpRequestException or IOException)
                {
                    requests.Add((asked, clock.Elapsed, isAccepted));
                    ends.Add(isAccepted ? "http broken" : "http not connected");
                    return;
                }
            }
        }

        async Task LoopOverWebSocketsAsync()
        {
            while (await OneWebSocketAsync("rows/after?id=15000", pauses: true))
            {
            }
        }

        async Task<bool> OneWebSocketAsync(string path, bool pauses)
        {
            using var socket = new RowsSocket(served.Address, path);
            TimeSpan asked = clock.Elapsed;
            try
            {
                await socket.ConnectAsync();
            }
            catch (WebSocketException)
            {
                requests.Add((asked, clock.Elapsed, false));
                ends.Add("websocket refused");
                return false;
            }

            requests.Add((asked, clock.Elapsed, true));
            try
            {
                await socket.ReadToEndAsync(pauses ? new Random(path.Length) : null, pauses ? 1000 : 0);
            }
            catch (WebSocketException failure)
            {
                ends.Add($"wrong: websocket {failure.WebSocketErrorCode} {failure.InnerException?.Message}");
                return false;
            }

            if (socket.CloseCode == 1000)
            {
                Assert.Equal((5000, HashAfter(15_000)), (socket.Rows, socket.Sha256));
                return true;
            }

            ends.Add(socket.CloseCode == 1001 ? "websocket 1001" : $"wrong: websocket {socket.CloseCode}");
            return false;
        }
    }

    private Task<ServedProgram> StartAsync(ServeAdministrator administrator, params string[] arguments) => ServedProgram.StartAsync(
    [
        "--source", _cluster.Uri, "--pool-size", PoolSize.ToString(CultureInfo.InvariantCulture), "--pool-timeout", "5m",
        "--endpoint", "after=select data from t where id > :id order by id", "--endpoint", Endless,
        "--log-level", "warning", .. administrator.Arguments, .. arguments,
    ]);

    private string HashAfter(int id) => Convert.ToHexStringLower(SHA256.HashData(_all.AsSpan(_starts[id])));

    /// <summary>Reads a body to its end and gives its last bytes.</summary>
    private static async Task<string> EndOfAsync(Stream body)
    {
        byte[] buffer = new byte[64 * 1024];
        byte[] last = [];
        for (int count = await body.ReadAsync(buffer); count > 0; count = await body.ReadAsync(buffer))
        {
            byte[] joined = [.. last, .. buffer.AsSpan(0, count)];
            last = joined.Length > 400 ? joined[^400..] : joined;
        }

        return System.Text.Encoding.UTF8.GetString(last);
    }
}
