using System.Text;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Wire;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>Writes down what a real PostgreSQL says.</summary>
internal static class Recorder
{
    private const short TextFormat = 0;
    private const short BinaryFormat = 1;

    // Npgsql's, of a session that keeps prepared statements.
    private const string NpgsqlReset =
        "SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP";

    public static IReadOnlyList<string> Types { get; } = [.. JsonTables.Types, JsonTables.LargeType];

    /// <summary>With these, pools of connections clean a session up for its next user.</summary>
    public static IReadOnlyList<string> Commands { get; } = ["DISCARD ALL", NpgsqlReset, SessionReset.AllButStatementsAtOnce, .. SessionReset.AllButStatementsOneByOne];

    public static async Task<Recording> RecordAsync(PostgresCluster cluster)
    {
        using var session = BareSession.Open(cluster.ConnectionString);
        return new Recording(
            await cluster.PsqlAsync("show server_version"),
            session.Greeting.Select("S"),
            Commands.ToDictionary(c => c, c => RecordCommand(session, c)),
            [.. Types.Select(type => RecordQuery(session, type))]);
    }

    private static byte[] RecordCommand(BareSession session, string sql)
    {
        session.Send(new FrontendWriter().Query(sql));
        return session.ReadAnswer().Select("TDC");
    }

    private static RecordedQuery RecordQuery(BareSession session, string type)
    {
        session.Send(new FrontendWriter().Parse(JsonTables.Query(type)).Describe('S').Sync());
        byte[] description = session.ReadAnswer().Select("tT");
        return new RecordedQuery(type, description, RecordRows(session, type, TextFormat), RecordRows(session, type, BinaryFormat));
    }

    private static RecordedRows RecordRows(BareSession session, string type, short format)
    {
        session.Send(new FrontendWriter().Parse(JsonTables.Query(type)).Bind(format).Describe('P').Execute().Sync());
        BackendAnswer answer = session.ReadAnswer();
        var rows = new RecordedRows(answer.Select("T"), answer.Select("D"));
        string tag = Encoding.UTF8.GetString(answer.Select("C"));
        return tag.EndsWith($"SELECT {rows.Count}\0", StringComparison.Ordinal)
            ? rows
            : throw new InvalidDataException($"{rows.Count} rows of {type} came, and then: {tag}");
    }
}
