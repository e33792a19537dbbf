using System.Globalization;
using Npgsql;
using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>
/// What it costs a client process to read many JSON rows from a live PostgreSQL over TCP without TLS: CPU apart from wall time, which is the server's.
/// Whole processes are measured, from their start to their end.
/// </summary>
internal sealed class PostgresCpuSuite : ISuite
{
    public string Name => "postgres-cpu";

    public string Question => "client CPU, time and memory of a million JSON rows from a live PostgreSQL, whole processes";

    public string Unit => "row";

    public IReadOnlyList<string> References { get; } = ["libpq", "npgsql"];

    public IReadOnlyList<Goal> Goals { get; } =
    [
        new("json", "streamrt", Figure.CpuNs, 1, "libpq"),
        new("jsonb", "streamrt", Figure.CpuNs, 1, "libpq"),
        new("json", "streamrt", Figure.CpuNs, 0.5, "npgsql"),
        new("jsonb", "streamrt", Figure.CpuNs, 1.0 / 3, "npgsql"),
    ];

    public bool IsQuick => false;

    public async Task<ISuiteRun> StartAsync(SuiteSettings settings)
    {
        NativeTools tools = await NativeTools.CompileAsync();
        PostgresCluster cluster = await JsonTables.StartAsync(settings.Rows);
        return new Run(tools, cluster, await cluster.PsqlAsync("show server_version"), settings.Rows);
    }

    private sealed record Client(string Name, string Program, Func<string, IReadOnlyList<string>> Arguments);

    private sealed class Run : ISuiteRun
    {
        private readonly NativeTools _tools;
        private readonly PostgresCluster _cluster;
        private readonly string _serverVersion;
        private readonly int _rows;
        private readonly Client[] _clients;
        private readonly ProcessMeter _meter;
        private long _bytes;

        public Run(NativeTools tools, PostgresCluster cluster, string serverVersion, int rows)
        {
            _tools = tools;
            _cluster = cluster;
            _serverVersion = serverVersion;
            _rows = rows;
            _clients = ListClients(tools, cluster);
            _meter = new ProcessMeter(tools.Measure);
        }

        public IReadOnlyDictionary<string, string> Versions => new Dictionary<string, string>
        {
            ["PostgreSQL"] = _serverVersion,
            ["libpq"] = _tools.LibpqVersion,
            ["Npgsql"] = typeof(NpgsqlDataSource).Assembly.GetName().Version!.ToString(3),
            ["compiler"] = _tools.Compiler,
        };

        public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
        {
            ["rows"] = _rows.ToString(CultureInfo.InvariantCulture),
            ["bytes per row"] = ((double)_bytes / _rows).ToString("0.0", CultureInfo.InvariantCulture),
            ["transport"] = "TCP loopback without TLS",
            ["server"] = JsonTables.ServerSettings,
        };

        public async Task<IReadOnlyList<CaseFigures>> MeasureRoundAsync()
        {
            List<CaseFigures> found = [];
            foreach (string type in JsonTables.Types)
            {
                foreach (Client client in _clients)
                {
                    (ProcessCost cost, ClientReport report) = await _meter.RunAsync(client.Program, client.Arguments(JsonTables.Query(type)));
                    _bytes = _bytes == 0 ? report.Bytes : _bytes;
                    if (report.Rows != _rows || report.Bytes != _bytes)
                    {
                        throw new RunException($"{client.Name} read {report.Rows} rows of {report.Bytes} bytes, not {_rows} of {_bytes}.");
                    }

                    found.Add(new CaseFigures(type, client.Name, WithAllocated(cost.PerRow(report.Rows), report)));
                }
            }

            return found;
        }

        public ValueTask DisposeAsync() => _cluster.DisposeAsync();

        private static Client[] ListClients(NativeTools tools, PostgresCluster cluster)
        {
            var address = new ServerAddress(PostgresCluster.Host, cluster.Port, HasCatalogs: true);
            return
            [
                new("streamrt", Repository.StreamrtProgram, sql => ["query", "--source", cluster.Uri + "?sslmode=disable", sql, "--stats"]),
                new("libpq", tools.LibpqRows, sql => [address.Libpq, sql]),
                new("libpq, written", tools.LibpqRows, sql => [address.Libpq, sql, "--write"]),
                new("npgsql", ClientMeter.Program, sql => ["client", ClientProgram.Read, RowClients.NpgsqlBytes, address.Npgsql, sql]),
                new("library", ClientMeter.Program, sql => ["client", ClientProgram.Read, RowClients.Library, address.Library, sql]),
            ];
        }

        private static Dictionary<string, double> WithAllocated(Dictionary<string, double> figures, ClientReport report)
        {
            if (report.AllocatedBytes is { } allocated)
            {
                figures[Figure.AllocatedBytes] = (double)allocated / report.Rows;
            }

            return figures;
        }
    }
}
