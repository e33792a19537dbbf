using System.Globalization;
using Npgsql;
using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>
/// What the ADO.NET source costs over Npgsql, next to the ways in which Npgsql's users get the same bytes, and write them out. The rows come from a replay
/// server, so that the client is what is measured; each client is a process of its own, connected and warm.
/// </summary>
internal sealed class AdoSuite : ISuite
{
    private static readonly PostgresSubject s_copiedBytes = new("npgsql GetBytes", RowClients.NpgsqlCopiedBytes);
    private static readonly PostgresSubject s_bytes = new("npgsql byte[]", RowClients.NpgsqlBytes);
    private static readonly PostgresSubject s_sequentialBytes = new("npgsql sequential byte[]", RowClients.NpgsqlSequentialBytes);
    private static readonly PostgresSubject s_sequentialCopiedBytes = new("npgsql sequential GetBytes", RowClients.NpgsqlSequentialCopiedBytes);
    private static readonly PostgresSubject s_stream = new("npgsql sequential GetStream", RowClients.NpgsqlStream);
    private static readonly PostgresSubject s_writtenString = new("npgsql GetString, written", RowClients.NpgsqlWrittenString);
    private static readonly PostgresSubject s_ado = new("ado", RowClients.Ado);
    private static readonly PostgresSubject s_adoSequential = new("ado sequential", RowClients.AdoSequential);
    private static readonly PostgresSubject s_adoWritten = new("ado, written", RowClients.AdoWritten);
    private static readonly PostgresSubject s_adoSequentialWritten = new("ado sequential, written", RowClients.AdoSequentialWritten);

    // Those next to each other that are compared.
    private static readonly PostgresSubject[] s_all =
    [
        s_copiedBytes, s_ado, s_bytes, s_sequentialBytes, s_adoSequential, s_stream, s_sequentialCopiedBytes, s_adoWritten, s_writtenString, s_adoSequentialWritten,
    ];

    public string Name => "ado";

    public string Question => "CPU, time and memory of reading JSON rows through ADO.NET over Npgsql, warm, from recorded bytes";

    public string Unit => "row";

    public IReadOnlyList<string> References { get; } = [s_copiedBytes.Name, s_sequentialBytes.Name, s_writtenString.Name];

    public IReadOnlyList<Goal> Goals { get; } =
    [
        .. from type in JsonTables.Types
           from goal in new Goal[]
           {
               new(Situation(type), s_ado.Name, Figure.CpuNs, 1.15, s_copiedBytes.Name),
               new(Situation(type), s_ado.Name, Figure.CpuNs, 1.15, s_bytes.Name),
               new(Situation(type), s_ado.Name, Figure.CpuNs, 1.15, s_sequentialBytes.Name),
               new(Situation(type), s_ado.Name, Figure.CpuNs, 1.15, s_stream.Name),
               new(Situation(type), s_adoSequential.Name, Figure.CpuNs, 1.15, s_stream.Name),
               new(Situation(type), s_adoWritten.Name, Figure.CpuNs, 0.5, s_writtenString.Name),
               new(Situation(type), s_ado.Name, Figure.AllocatedBytes, 0.5),
               new(Situation(type), s_adoSequential.Name, Figure.AllocatedBytes, 0.5),
           }
           select goal,
    ];

    public bool IsQuick => false;

    public async Task<ISuiteRun> StartAsync(SuiteSettings settings) => new Run(await RecordingFile.LoadAsync(), settings.Rows);

    private static string Situation(string type) => $"replay, 200 B {type} rows";

    private sealed class Run(Recording recording, int rows) : ISuiteRun
    {
        private const int MostWarmRows = 10_000;

        private readonly ReplayServer _replay = ReplayServer.Start(recording);

        public IReadOnlyDictionary<string, string> Versions { get; } = new Dictionary<string, string>
        {
            ["PostgreSQL"] = recording.ServerVersion,
            ["Npgsql"] = typeof(NpgsqlDataSource).Assembly.GetName().Version!.ToString(3),
        };

        public IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
        {
            ["replayed rows"] = rows.ToString(CultureInfo.InvariantCulture),
            ["transport"] = "TCP loopback without TLS",
        };

        public async Task<IReadOnlyList<CaseFigures>> MeasureRoundAsync()
        {
            List<CaseFigures> found = [];
            foreach (string type in JsonTables.Types)
            {
                var reading = new PostgresReading(
                    Situation(type),
                    new ServerAddress(ReplayServer.Host, _replay.Port, HasCatalogs: false),
                    JsonTables.Query(type, Math.Min(rows, MostWarmRows)),
                    JsonTables.Query(type, rows),
                    rows,
                    recording.Find(type).Text.CountValueBytes(rows));
                foreach (PostgresSubject subject in s_all)
                {
                    found.Add(await reading.MeasureAsync(subject, tools: null));
                }
            }

            return found;
        }

        public ValueTask DisposeAsync()
        {
            _replay.Dispose();
            return default;
        }
    }
}
