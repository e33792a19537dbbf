using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>
/// What it costs a client process to read many JSON rows from a live PostgreSQL over TCP without TLS: CPU apart from wall time, which is the server's.
/// Whole processes are measured, from their start to their end.
/// </summary>
internal static class PostgresCpuSuite
{
    private static readonly Goal[] Goals =
    [
        new("json", "streamrt", "libpq", 1),
        new("jsonb", "streamrt", "libpq", 1),
        new("json", "streamrt", "npgsql", 0.5),
        new("jsonb", "streamrt", "npgsql", 1.0 / 3),
    ];

    public static async Task<SuiteResult> RunAsync(RunOptions options)
    {
        var machine = Machine.Read();
        SourceVersion source = await SourceVersion.ReadAsync();
        NativeTools tools = await NativeTools.CompileAsync();
        Console.Error.WriteLine($"postgres-cpu: making 2 × {options.Rows} rows");
        await using PostgresCluster cluster = await JsonTables.StartAsync(options.Rows);
        Client[] clients = ListClients(tools, cluster);
        var meter = new ProcessMeter(tools.Measure);
        Dictionary<(string Type, string Client), List<RoundFigures>> figures = [];
        long bytes = 0;

        // Round 0 warms caches up and does not count.
        for (int round = 0; round <= options.Rounds; round++)
        {
            Console.Error.WriteLine(round == 0 ? "postgres-cpu: warm-up" : $"postgres-cpu: round {round} of {options.Rounds}");
            foreach (string type in JsonTables.Types)
            {
                foreach (Client client in clients)
                {
                    (ProcessCost cost, ClientReport report) = await meter.RunAsync(client.Program, client.Arguments(JsonTables.Query(type)));
                    bytes = bytes == 0 ? report.Bytes : bytes;
                    if (report.Rows != options.Rows || report.Bytes != bytes)
                    {
                        throw new RunException($"{client.Name} read {report.Rows} rows of {report.Bytes} bytes, not {options.Rows} of {bytes}.");
                    }

                    if (round > 0)
                    {
                        CollectionsMarshal.GetValueRefOrAddDefault(figures, (type, client.Name), out _) ??= [];
                        figures[(type, client.Name)].Add(PerRow(cost, report));
                    }
                }
            }
        }

        var result = new SuiteResult
        {
            Suite = "postgres-cpu",
            MeasuredAt = DateTimeOffset.UtcNow,
            Source = source,
            Machine = machine,
            Versions = new Dictionary<string, string>
            {
                [".NET"] = Environment.Version.ToString(),
                ["PostgreSQL"] = await cluster.PsqlAsync("show server_version"),
                ["libpq"] = tools.LibpqVersion,
                ["Npgsql"] = typeof(NpgsqlDataSource).Assembly.GetName().Version!.ToString(3),
                ["compiler"] = tools.Compiler,
            },
            Settings = new Dictionary<string, string>
            {
                ["rows"] = options.Rows.ToString(CultureInfo.InvariantCulture),
                ["bytes per row"] = ((double)bytes / options.Rows).ToString("0.0", CultureInfo.InvariantCulture),
                ["rounds"] = options.Rounds.ToString(CultureInfo.InvariantCulture),
                ["transport"] = "TCP loopback without TLS",
                ["server"] = JsonTables.ServerSettings,
            },
            Measurements = [.. figures.Select(f => new Measurement(f.Key.Type, f.Key.Client, f.Value))],
            Goals = [],
        };
        return result with { Goals = [.. Goals.Select(g => g.Check(result))] };
    }

    private static Client[] ListClients(NativeTools tools, PostgresCluster cluster)
    {
        string ourselves = Path.Combine(AppContext.BaseDirectory, "StreamRuntime.Benchmarks");
        string plain = cluster.ConnectionString + " sslmode=disable gssencmode=disable";
        string npgsql = $"Host={PostgresCluster.Host};Port={cluster.Port};Username={PostgresCluster.SuperUser};Database=postgres;SSL Mode=Disable";
        return
        [
            new("streamrt", Repository.StreamrtProgram, sql => ["query", "--source", cluster.Uri + "?sslmode=disable", sql, "--stats"]),
            new("libpq", tools.LibpqRows, sql => [plain, sql]),
            new("libpq, written", tools.LibpqRows, sql => [plain, sql, "--write"]),
            new("npgsql", ourselves, sql => ["client", "npgsql", npgsql, sql]),
            new("library", ourselves, sql => ["client", "library", cluster.ConnectionString + " sslmode=disable", sql]),
        ];
    }

    private static RoundFigures PerRow(ProcessCost cost, ClientReport report) => new()
    {
        WallNsPerRow = (double)cost.WallNs / report.Rows,
        CpuNsPerRow = (cost.UserUs + cost.SystemUs) * 1000.0 / report.Rows,
        UserNsPerRow = cost.UserUs * 1000.0 / report.Rows,
        SystemNsPerRow = cost.SystemUs * 1000.0 / report.Rows,
        PeakKb = cost.PeakKb,
        Waits = cost.Waits,
        AllocatedBytes = report.AllocatedBytes,
    };

    private sealed record Client(string Name, string Program, Func<string, IReadOnlyList<string>> Arguments);
}
