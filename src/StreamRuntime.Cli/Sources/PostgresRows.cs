using StreamRuntime.Postgres;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Sources;

/// <summary>Opens a stream over a PostgreSQL query.</summary>
internal static class PostgresRows
{
    /// <summary>The database that an address names, or would by its user.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: it can't be read.</exception>
    public static string DatabaseName(SourceUri uri)
    {
        PostgresOptions options = ConnectionString.Parse(uri.Text);
        return options.Database ?? options.User;
    }

    public static async ValueTask<(JsonRowStream Rows, PostgresDataSource Owner)> OpenAsync(SourceRequest request, CancellationToken cancellationToken)
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
            return (await source.StreamAsync(query, request.Options, cancellationToken), source);
        }
        catch (PostgresServerException failure)
        {
            await source.DisposeAsync();
            throw new QueryException(ServerErrorReport.Format(failure.ServerMessage, query.Text), failure);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }
}
