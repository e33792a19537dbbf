using StreamRuntime.Postgres;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Sources;

/// <summary>Opens a PostgreSQL query, over one backend or several.</summary>
internal static class PostgresRows
{
    /// <summary>The database that an address names, or would by its user.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: it can't be read.</exception>
    public static string DatabaseName(SourceUri uri)
    {
        PostgresOptions options = ConnectionString.Parse(uri.Text);
        return options.Database ?? options.User;
    }

    /// <summary>Opens the query over as many backends as are asked for.</summary>
    public static ValueTask<(ParallelRows Rows, PostgresDataSource Owner)> OpenAsync(SourceRequest request, CancellationToken cancellationToken) => OpenAsync(
        request,
        (source, query) => source.StreamInParallelAsync(query, request.Parallel ?? new ParallelReadOptions { Backends = 1 }, request.Options, cancellationToken));

    /// <summary>Opens a query with a key, over one backend, where it can be continued.</summary>
    public static ValueTask<(JsonRowStream Rows, PostgresDataSource Owner)> OpenKeyedAsync(SourceRequest request, CancellationToken cancellationToken) => OpenAsync(
        request, (source, query) => source.StreamAsync(query.WithKey(request.Key!), request.Options, cancellationToken));

    private static async ValueTask<(T Rows, PostgresDataSource Owner)> OpenAsync<T>(SourceRequest request, Func<PostgresDataSource, PostgresQuery, ValueTask<T>> start)
    {
        PostgresQuery query = NamedParameters.Rewrite(request.Sql!, request.Parameters);
        PostgresOptions options = ConnectionString.Parse(request.Uri.Text) with
        {
            OnNotice = message => request.OnNotice(ServerErrorReport.Format(message)),

            // One query is run, and nobody comes after it.
            ResetsSessions = false,
            RunsReadsAgain = true,
        };

        // Before connecting: what was left out may be why that fails.
        foreach (string warning in options.Warnings)
        {
            request.OnNotice($"warning: {warning.ReplaceLineEndings(" ")}");
        }

        var source = PostgresDataSource.Create(options);
        try
        {
            return (await start(source, query), source);
        }
        catch (PostgresServerException failure)
        {
            await source.DisposeAsync();

            // What is cut by a key is run in other words, in which the server's position lies elsewhere.
            throw new QueryException(ServerErrorReport.Format(failure.ServerMessage, request.Parallel is null && request.Key is null ? query.Text : null), failure);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }
}
