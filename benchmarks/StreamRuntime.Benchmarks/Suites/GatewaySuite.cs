using System.Globalization;
using Npgsql;
using StreamRuntime.Benchmarks.Gateways;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>What it costs a server to give rows to HTTP clients, and to hold WebSockets on which nothing happens, next to what people would write instead.</summary>
/// <remarks>Every server is a process of its own with Server GC, warm, and measured between two of its own events. The clients are bare sockets in this process.</remarks>
internal sealed class GatewaySuite : ISuite
{
    private const string Bare = "bare Kestrel";
    private const string Gateway = "gateway";
    private const string NpgsqlStream = "Npgsql GetStream, by hand";
    private const string NpgsqlBytes = "Npgsql byte[], by hand";
    private const string NpgsqlElements = "IAsyncEnumerable<JsonElement> over Npgsql";
    private const string Idle = "10,000 idle WebSockets";

    private const int IdleConnections = 10_000;
    private const int WarmUps = 100;

    // Two rounds of pings.
    private static readonly TimeSpan IdleFor = TimeSpan.FromSeconds(30);

    // One round of pings, and the compiler's time after it.
    private static readonly TimeSpan WarmFor = TimeSpan.FromSeconds(18);

    private static readonly int[] s_clients = [1, 20];

    public string Name => "gateway";

    public string Question => "CPU, time and memory of a server that gives rows to HTTP clients, or holds idle WebSockets";

    public string Unit => "row, or idle connection";

    public IReadOnlyList<string> References { get; } = [Bare, NpgsqlStream, NpgsqlElements];

    public IReadOnlyList<Goal> Goals { get; } =
    [
        .. s_clients.Select(clients => new Goal(Memory(clients), Gateway, Figure.TimeNs, 1 / 0.9, Bare)),
        .. s_clients.Select(clients => new Goal(Live(clients), Gateway, Figure.CpuNs, 0.8, NpgsqlStream)),
        .. s_clients.Select(clients => new Goal(Live(clients), Gateway, Figure.CpuNs, 0.8, NpgsqlBytes)),
        .. s_clients.Select(clients => new Goal(Live(clients), Gateway, Figure.CpuNs, 0.2, NpgsqlElements)),
        .. s_clients.Select(clients => new Goal(Live(clients), Gateway, Figure.AllocatedBytes, 4)),
        new(Idle, Gateway, Figure.HeldBytes, 1.1, Bare),
        new(Idle, Gateway, Figure.CpuNs, 0.5, Bare),
    ];

    public bool IsQuick => false;

    public async Task<ISuiteRun> StartAsync(SuiteSettings settings) => new Run(settings.Rows, await JsonTables.StartAsync(settings.Rows));

    private static string Memory(int clients) => clients == 1 ? "rows from memory, 1 client" : string.Create(CultureInfo.InvariantCulture, $"rows from memory, {clients} clients");

    private static string Live(int clients) => clients == 1 ? "live json rows, 1 client" : string.Create(CultureInfo.InvariantCulture, $"live json rows, {clients} clients");

    private sealed class Run(int rows, PostgresCluster cluster) : ISuiteRun
    {
        private readonly ServerAddress _server = new(PostgresCluster.Host, cluster.Port, HasCatalogs: true);

        public IReadOnlyDictionary<string, string> Versions => new Dictionary<string, string> { ["Npgsql"] = typeof(NpgsqlDataSource).Assembly.GetName().Version!.ToString(3) };

        public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
        {
            ["rows"] = rows.ToString(CultureInfo.InvariantCulture),
            ["idle connections"] = IdleConnections.ToString(CultureInfo.InvariantCulture),
            ["pings"] = "every 15 s, answered within 30 s",
            ["GC"] = "Server",
            ["live server"] = JsonTables.ServerSettings,
        };

        public async Task<IReadOnlyList<CaseFigures>> MeasureRoundAsync()
        {
            List<CaseFigures> found = [];
            await ServeAsync(found, Memory, Bare, "bare", "");
            await ServeAsync(found, Memory, Gateway, "gateway-sample", "");
            await ServeAsync(found, Live, Gateway, "gateway-postgres", _server.Library);
            await ServeAsync(found, Live, NpgsqlStream, "npgsql-stream", _server.Npgsql);
            await ServeAsync(found, Live, NpgsqlBytes, "npgsql-bytes", _server.Npgsql);
            await ServeAsync(found, Live, NpgsqlElements, "npgsql-elements", _server.Npgsql);
            found.Add(await HoldAsync(Bare, "idle-bare"));
            found.Add(await HoldAsync(Gateway, "idle-gateway"));
            return found;
        }

        public ValueTask DisposeAsync() => cluster.DisposeAsync();

        private async Task ServeAsync(List<CaseFigures> found, Func<int, string> situation, string subject, string name, string connection)
        {
            await using GatewayServer server = await GatewayServer.StartAsync(name, connection);

            // Short results first: a method is compiled anew between its calls, and one that runs for a whole long result would never be.
            for (int i = 0; i < WarmUps; i++)
            {
                await AskAsync(server, s_clients[i % s_clients.Length], rows / WarmUps, name);
            }

            foreach (int clients in s_clients)
            {
                await AskAsync(server, clients, rows, name);
                found.Add(new CaseFigures(situation(clients), subject, await server.MeasureAsync(rows / clients * clients, () => AskAsync(server, clients, rows, name))));
            }
        }

        private static async Task AskAsync(GatewayServer server, int clients, long rows, string name)
        {
            long each = rows / clients;
            RowsReceived[] received = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => RowsRequest.RunAsync(server.Address, each)));

            // One way makes an array of them, which has no lines.
            bool isArray = name == "npgsql-elements";
            if (received.Any(r => isArray ? r.Bytes < each * 100 : r.LineFeeds != each))
            {
                throw new RunException($"{name} gave other rows than {each}: {string.Join(", ", received)}");
            }
        }

        private static async Task<CaseFigures> HoldAsync(string subject, string name)
        {
            await using GatewayServer server = await GatewayServer.StartAsync(name, "");
            using (var first = new IdleClients())
            {
                // What the first connections make once is no connection's; and compiling what answers a ping is done after the first round of them.
                await first.OpenAsync(server.Address, WarmUps);
                await Task.Delay(WarmFor);
            }

            await server.CollectAsync();
            double residentBefore = server.ResidentKb;
            using var clients = new IdleClients();
            await clients.OpenAsync(server.Address, IdleConnections);
            await server.CollectAsync();
            TimeSpan before = server.Cpu;
            await Task.Delay(IdleFor);
            TimeSpan used = server.Cpu - before;
            if (clients.Closed > 0)
            {
                throw new RunException($"{name} closed {clients.Closed} of its idle connections.");
            }

            return new CaseFigures(Idle, subject, new Dictionary<string, double>
            {
                [Figure.HeldBytes] = (server.ResidentKb - residentBefore) * 1024 / IdleConnections,
                [Figure.CpuNs] = used.TotalNanoseconds / IdleFor.TotalSeconds / IdleConnections,
            });
        }
    }
}
