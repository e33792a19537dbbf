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

    /// <summary>Opens the query. Without <c>Parallel</c> in the result there is one backend, and no partitions.</summary>
    public static async ValueTask<(JsonRowStream Rows, ParallelRows? Parallel, PostgresDataSource Owner)> OpenAsync(SourceRequest request, CancellationToken cancellationToken)
    {
        PostgresQuery query = NamedParameters.Rewrite(request.Sql!, request.Parameters);
        query = request.Key is { } key ? query.WithKey(key) : query;
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
            if (request.Key is not null)
            {
                return (await source.StreamAsync(query, request.Options, cancellationToken), null, source);
            }

            ParallelReadOptions parallel = request.Parallel ?? new ParallelReadOptions { Backends = 1 };
            ParallelRows rows = await source.StreamInParallelAsync(query, parallel, request.Options, cancellationToken);
            return (rows.Rows, rows, source);
        }
        catch (PostgresServerException failure)
        {
            await source.DisposeAsync();

            // What is cut by a key is run in other words, in which the server's position lies elsewhere.
            throw new QueryException(ServerErrorReport.Format(failure.ServerMessage, request.Parallel is null ? query.Text : null), failure);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }
}
