using System.Text.Json;
using System.Xml.Linq;
using StreamRuntime.Postgres;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Serving;

/// <summary>A key ring in the table <c>streamruntime_keys</c> of the served database. The keys are not encrypted there; who may read the table can make tokens.</summary>
/// <remarks>Its interface is synchronous, and asked at the start and about once a day, so that waiting for the database in it costs a thread now and then.</remarks>
internal sealed class PostgresKeyStore : IKeyStore, IAsyncDisposable
{
    // Two at once: one to keep others out, and one to read and write meanwhile.
    private const int Connections = 2;

    private readonly PostgresDataSource _source;

    public PostgresKeyStore(string address)
    {
        PostgresOptions options = ConnectionString.Parse(address);
        _source = PostgresDataSource.Create(options with { Pool = options.Pool with { MinSize = 0, MaxSize = Connections } });
    }

    public IReadOnlyCollection<XElement> GetAllElements() => Wait(async () =>
    {
        List<string> texts = await ReadAsync(PostgresQuery.From($"select xml from streamruntime_keys order by created_at, name")).ConfigureAwait(false);
        return (IReadOnlyCollection<XElement>)[.. texts.Select(t => XElement.Parse(t))];
    });

    public void StoreElement(XElement element, string friendlyName) => Wait(() =>
        ReadAsync(PostgresQuery.From($"insert into streamruntime_keys (name, xml) values ({friendlyName}, {element.ToString(SaveOptions.DisableFormatting)}) returning name")));

    public async Task<IAsyncDisposable> EnterAloneAsync()
    {
        // The lock goes with the transaction, and that with the query, which does not end before it is disposed.
        JsonRowStream alone = await _source.StreamAsync(new PostgresQuery(
            "with mine as materialized (select pg_advisory_xact_lock(hashtext('streamruntime_keys'))) select generate_series(1, 2000000000) as n from mine")).ConfigureAwait(false);
        try
        {
            await alone.ReadBatchAsync().ConfigureAwait(false);
            await MakeTableAsync().ConfigureAwait(false);
            return alone;
        }
        catch
        {
            await alone.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task MakeTableAsync()
    {
        // Asked first, since a role that may use the table need not be allowed to make one.
        List<string> known = await ReadAsync(PostgresQuery.From($"select to_regclass('streamruntime_keys')::text as name")).ConfigureAwait(false);
        if (known is [""])
        {
            await ReadAsync(PostgresQuery.From(
                $"create table streamruntime_keys (name text primary key, xml text not null, created_at timestamptz not null default clock_timestamp())")).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a query; the first column of each row, nothing for null.</summary>
    private async Task<List<string>> ReadAsync(PostgresQuery query)
    {
        await using JsonRowStream rows = await _source.StreamAsync(query).ConfigureAwait(false);
        List<string> found = [];
        await foreach (JsonRow row in rows)
        {
            using var json = JsonDocument.Parse(row.ToArray());
            found.Add(json.RootElement.EnumerateObject().First().Value.GetString() ?? "");
        }

        return found;
    }

    // On a thread of the pool: whatever waits for us here must not be what the database's answer waits for.
    private static T Wait<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();
}
