using System.Globalization;
using Npgsql;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>
/// What it costs a client that is connected and warm to read JSON rows over TCP: from a replay server, where the client is what is measured, and from a live
/// PostgreSQL, for which it waits most of the time. And how long a warm client waits for the first row.
/// </summary>
/// <remarks>
/// The .NET clients are measured between two events of their own, with whatever their process does meanwhile; libpq's process as a whole, whose start of
/// a few milliseconds is little for a million rows.
/// </remarks>
internal sealed class PostgresSuite : ISuite
{
    private const string Replayed = "replay, 200 B rows";
    private const string ReplayedLarge = "replay, 2 KB rows";
    private const string LiveJsonb = "live jsonb";
    private const string PartsOfJson = "live json over several backends";
    private const string PartsOfJsonb = "live jsonb over several backends";
    private const string Peak = "memory of a program that reads 200 B rows once";
    private const string FirstRow = "first row of a live json result";

    public string Name => "postgres";

    public string Question => "CPU, time and memory of reading JSON rows, warm: recorded bytes and a live PostgreSQL";

    public string Unit => "row";

    public IReadOnlyList<string> References { get; } = [PostgresSubject.Socket.Name, PostgresSubject.Libpq.Name, PostgresSubject.NpgsqlBytes.Name];

    public IReadOnlyList<Goal> Goals { get; } =
    [
        new(Replayed, PostgresSubject.LibraryInline.Name, Figure.CpuNs, 1.1, PostgresSubject.Socket.Name),
        new(Replayed, PostgresSubject.Library.Name, Figure.CpuNs, 1.8, PostgresSubject.Socket.Name),
        new(Replayed, PostgresSubject.LibraryInline.Name, Figure.AllocatedBytes, 0.262),
        new(Replayed, PostgresSubject.Library.Name, Figure.AllocatedBytes, 0.262),
        new(Peak, PostgresSubject.LibraryInline.Name, Figure.PeakMb, 1.2, PostgresSubject.Socket.Name),
        new(Peak, PostgresSubject.Library.Name, Figure.PeakMb, 1.2, PostgresSubject.Socket.Name),
        new(Peak, PostgresSubject.LibraryThreeTimes.Name, Figure.PeakMb, 1.1, PostgresSubject.Library.Name),
        new(ReplayedLarge, PostgresSubject.LibraryInline.Name, Figure.CpuNs, 1.1, PostgresSubject.Socket.Name),
        new(LiveJsonb, PostgresSubject.Library.Name, Figure.CpuNs, 0.5, PostgresSubject.NpgsqlBytes.Name),
        .. PartsGoals(PartsOfJson),
        .. PartsGoals(PartsOfJsonb),
        new(FirstRow, PostgresSubject.Library.Name, Figure.TimeNs, 1.5, PostgresSubject.Libpq.Name),
    ];

    public bool IsQuick => true;

    public async Task<ISuiteRun> StartAsync(SuiteSettings settings)
    {
        Recording recording = await RecordingFile.LoadAsync();
        return new Run(recording, settings.Rows, settings.IsQuick ? null : await LivePostgres.StartAsync(settings.Rows));
    }

    // Two backends, two cores: the wall clock is what they are for. They must cost the client nothing, and one nothing at all.
    private static IEnumerable<Goal> PartsGoals(string situation) =>
    [
        new(situation, PostgresSubject.TwoBackends.Name, Figure.TimeNs, 0.6, PostgresSubject.Library.Name),
        new(situation, PostgresSubject.TwoBackends.Name, Figure.CpuNs, 1, PostgresSubject.Library.Name),
        new(situation, PostgresSubject.OneBackend.Name, Figure.TimeNs, 1.05, PostgresSubject.Library.Name),
        new(situation, PostgresSubject.OneBackend.Name, Figure.CpuNs, 1.05, PostgresSubject.Library.Name),
    ];

    private sealed class Run(Recording recording, int rows, LivePostgres? live) : ISuiteRun
    {
        private const int MostWarmRows = 10_000;

        // A replayed row takes a fraction of a live one's time, and figures of a few milliseconds would be the scheduler's.
        private const long MostReplayedRows = 5_000_000;
        private const int ReplayFactor = 25;

        private readonly ReplayServer _replay = ReplayServer.Start(recording);

        public IReadOnlyDictionary<string, string> Versions =>
            new Dictionary<string, string>(live?.Versions ?? []) { ["PostgreSQL"] = recording.ServerVersion };

        public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
        {
            ["live rows"] = Number(rows),
            ["replayed rows"] = Number(ReplayedRows),
            ["bytes per row"] = BytesPerRow("json"),
            ["large replayed rows"] = Number(rows),
            ["bytes per large row"] = BytesPerRow(JsonTables.LargeType),
            ["transport"] = "TCP loopback without TLS",
            ["live server"] = JsonTables.ServerSettings,
        };

        private long ReplayedRows => Math.Max(rows, Math.Min(MostReplayedRows, (long)rows * ReplayFactor));

        public async Task<IReadOnlyList<CaseFigures>> MeasureRoundAsync()
        {
            List<CaseFigures> found = [];
            IReadOnlyList<PostgresSubject> subjects = live is null ? PostgresSubject.Quick : PostgresSubject.All;
            await AddAsync(Replay(Replayed, "json", ReplayedRows), subjects);
            await AddPeaksAsync(Replay(Peak, "json", rows), subjects);
            if (live is null)
            {
                return found;
            }

            await AddPeaksAsync(Replay(Peak, "json", rows * 3L), PostgresSubject.LibraryThreeTimes);
            await AddAsync(Replay(ReplayedLarge, JsonTables.LargeType, rows), subjects);
            foreach (string type in JsonTables.Types)
            {
                await AddAsync(live.Reading($"live {type}", type, Warm(type, rows)), subjects);
            }

            await AddAsync(live.ReadingInParts(PartsOfJson, "json"), PostgresSubject.Parallel);
            await AddAsync(live.ReadingInParts(PartsOfJsonb, "jsonb"), PostgresSubject.Parallel);
            foreach (PostgresSubject subject in LivePostgres.FirstRowSubjects)
            {
                found.Add(await live.MeasureFirstRowAsync(FirstRow, subject));
            }

            return found;

            async Task AddAsync(PostgresReading reading, IEnumerable<PostgresSubject> clients)
            {
                foreach (PostgresSubject subject in clients)
                {
                    found.Add(await reading.MeasureAsync(subject, live?.Tools));
                }
            }

            async Task AddPeaksAsync(PostgresReading reading, params IEnumerable<PostgresSubject> clients)
            {
                foreach (PostgresSubject subject in clients)
                {
                    found.Add(await reading.MeasurePeakAsync(subject, live?.Tools));
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            _replay.Dispose();
            if (live is not null)
            {
                await live.DisposeAsync();
            }
        }

        private PostgresReading Replay(string situation, string type, long count) => new(
            situation,
            new ServerAddress(ReplayServer.Host, _replay.Port, HasCatalogs: false),
            Warm(type, count),
            JsonTables.Query(type, count),
            count,
            recording.Find(type).Text.CountValueBytes(count));

        private static string Warm(string type, long count) => JsonTables.Query(type, Math.Min(count, MostWarmRows));

        private string BytesPerRow(string type)
        {
            RecordedRows recorded = recording.Find(type).Text;
            return ((double)recorded.CountValueBytes(recorded.Count) / recorded.Count).ToString("0.0", CultureInfo.InvariantCulture);
        }

        private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
