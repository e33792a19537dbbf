using System.Globalization;
using Npgsql;
using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>A live server with rows, and the programs in C that are measured with it.</summary>
internal sealed class LivePostgres : IAsyncDisposable
{
    // Twice that often: the first half is what makes a program warm, whose methods are compiled for good after tens of calls.
    private const int FirstRowTimes = 200;

    private readonly PostgresCluster _cluster;
    private readonly int _rows;
    private readonly long _bytes;

    private LivePostgres(NativeTools tools, PostgresCluster cluster, int rows, long bytes)
    {
        Tools = tools;
        _cluster = cluster;
        _rows = rows;
        _bytes = bytes;
    }

    /// <summary>Who is asked for the first row. Ours leases a connection from its pool for it, which counts; the others have one at hand.</summary>
    public static IReadOnlyList<PostgresSubject> FirstRowSubjects { get; } =
        [PostgresSubject.Socket, PostgresSubject.LibraryInline, PostgresSubject.Library, PostgresSubject.LibraryWithoutReset, PostgresSubject.Libpq, PostgresSubject.NpgsqlBytes];

    public NativeTools Tools { get; }

    public Dictionary<string, string> Versions => new()
    {
        ["libpq"] = Tools.LibpqVersion,
        ["Npgsql"] = typeof(NpgsqlDataSource).Assembly.GetName().Version!.ToString(3),
        ["compiler"] = Tools.Compiler,
    };

    private ServerAddress Address => new(PostgresCluster.Host, _cluster.Port, HasCatalogs: true);

    public static async Task<LivePostgres> StartAsync(int rows)
    {
        NativeTools tools = await NativeTools.CompileAsync();
        PostgresCluster cluster = await JsonTables.StartAsync(rows);
        string bytes = await cluster.PsqlAsync($"select sum(octet_length(data::text)) from json_rows");
        return new LivePostgres(tools, cluster, rows, long.Parse(bytes, CultureInfo.InvariantCulture));
    }

    /// <summary>All rows of a type.</summary>
    public PostgresReading Reading(string situation, string type, string warmSql) => new(situation, Address, warmSql, JsonTables.Query(type), _rows, _bytes);

    /// <summary>All rows of a type, by clients that cut the table, which a query with a limit can't be.</summary>
    public PostgresReading ReadingInParts(string situation, string type) => new(situation, Address, JsonTables.QueryOfFirstPages(type), JsonTables.Query(type), _rows, _bytes);

    public async Task<CaseFigures> MeasureFirstRowAsync(string situation, PostgresSubject subject)
    {
        string connection = subject.ConnectionOf(Address);
        string times = FirstRowTimes.ToString(CultureInfo.InvariantCulture);
        string sql = JsonTables.Query("json");
        (_, ClientReport report) = await new ProcessMeter(Tools.Measure).RunAsync(
            subject.Client is null ? Tools.LibpqRows : ClientMeter.Program,
            subject.Client is { } client ? ["client", ClientProgram.FirstRow, client, connection, sql, times, .. subject.IsInline ? [ClientProgram.Inline] : (string[])[]] : [connection, sql, "--first-row", times]);
        return new CaseFigures(situation, subject.Name, new Dictionary<string, double> { [Figure.TimeNs] = report.FirstRowNs!.Value });
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
