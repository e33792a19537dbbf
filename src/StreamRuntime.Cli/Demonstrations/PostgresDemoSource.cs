using System.Globalization;
using System.Text;
using StreamRuntime.Postgres;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>Rows that a private PostgreSQL makes; asks that server over a second connection what the first one's backend is doing.</summary>
internal sealed class PostgresDemoSource : IDemoSource
{
    private const string StreamName = "streamrt demo";
    private const string BlockedOnUs = "ClientWrite";

    private readonly PrivatePostgres _server;
    private readonly PostgresDataSource _rows;
    private readonly PostgresDataSource _watcher;
    private readonly PostgresQuery _query;
    private readonly List<string> _seen = [];

    public PostgresDemoSource(PrivatePostgres server, long rows)
    {
        _server = server;
        PostgresOptions options = ConnectionString.Parse(server.ConnectionString);
        _rows = PostgresDataSource.Create(options with { ApplicationName = StreamName });
        _watcher = PostgresDataSource.Create(options with { ApplicationName = StreamName + " watcher" });
        _query = new PostgresQuery(
            "select json_build_object('id', id, 'text', repeat(md5(id::text), 5)) from (select generate_series(0, $1::int - 1) as id) as ids",
            new PostgresParameter(0, rows.ToString(CultureInfo.InvariantCulture)));
    }

    public string Name => $"a private PostgreSQL {_server.Version}";

    public ValueTask<JsonRowStream> OpenAsync(CancellationToken cancellationToken) => _rows.StreamAsync(_query, cancellationToken: cancellationToken);

    public async ValueTask LookAsync(CancellationToken cancellationToken)
    {
        var question = new PostgresQuery(
            "select to_json(coalesce(wait_event, state)) from pg_stat_activity where application_name = $1 and state = 'active'",
            new PostgresParameter(0, StreamName));
        await using JsonRowStream answer = await _watcher.StreamAsync(question, cancellationToken: cancellationToken);
        string seen = "gone";
        await foreach (JsonRow row in answer.WithCancellation(cancellationToken))
        {
            seen = Encoding.UTF8.GetString(row.Span).Trim('"');
        }

        _seen.Add(seen);
    }

    public (bool Holds, string Text) Report() => (
        _seen.Count > 0 && _seen[^1] == BlockedOnUs,
        $"was blocked on sending ({BlockedOnUs}) in {_seen.Count(s => s == BlockedOnUs)} of {_seen.Count} looks");

    public async ValueTask DisposeAsync()
    {
        await _rows.DisposeAsync();
        await _watcher.DisposeAsync();
    }
}
