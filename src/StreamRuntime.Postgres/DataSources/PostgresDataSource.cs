using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.DataSources;

/// <summary>A PostgreSQL database from which queries are streamed.</summary>
/// <remarks>Thread-safe: any number of streams may be started and read at the same time, each on a connection of its own.</remarks>
public sealed class PostgresDataSource : IAsyncDisposable
{
    private readonly HostSelector _hosts;
    private readonly StatementShapes _shapes = new();
    private readonly CancellationTokenSource _closing = new();

    private PostgresDataSource(PostgresOptions options)
    {
        Options = options;
        _hosts = new HostSelector(options);
    }

    /// <summary>How the server is reached.</summary>
    public PostgresOptions Options { get; }

    /// <summary>Makes a data source; no connection is made yet.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option can't be used.</exception>
    public static PostgresDataSource Create(PostgresOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new PostgresDataSource(options);
    }

    /// <summary>Makes a data source from what <c>psql</c> would take; see <see cref="ConnectionString.Parse(string)"/>.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: the text can't be used.</exception>
    public static PostgresDataSource Create(string connectionString) => Create(ConnectionString.Parse(connectionString));

    /// <summary>
    /// Runs an interpolated query: <c>$"select data from v_user where id = {id}"</c>. Values become parameters, never SQL text.
    /// </summary>
    /// <inheritdoc cref="StreamAsync(PostgresQuery, JsonRowStreamOptions?, CancellationToken)"/>
    public ValueTask<JsonRowStream> StreamAsync(
        PostgresInterpolatedStringHandler query, JsonRowStreamOptions? options = null, CancellationToken cancellationToken = default) =>
        StreamAsync(query.ToQuery(), options, cancellationToken);

    /// <summary>
    /// Runs a query and hands out its rows as a stream. A single <c>json</c> or <c>jsonb</c> column is streamed as it is; any other result becomes one
    /// JSON object a row, equal to what <c>row_to_json</c> gives.
    /// </summary>
    /// <param name="query">The query.</param>
    /// <param name="options">How the stream behaves.</param>
    /// <param name="cancellationToken">Cancels connecting and starting; reading has a token of its own.</param>
    /// <returns>The stream, at its first row. Disposing it before its end cancels the query on the server.</returns>
    /// <exception cref="PostgresServerException">The server refused the login or the query.</exception>
    /// <exception cref="StreamRuntimeException">No connection, a deadline passed, or the server broke the protocol.</exception>
    /// <exception cref="ObjectDisposedException">The data source is disposed.</exception>
    public async ValueTask<JsonRowStream> StreamAsync(PostgresQuery query, JsonRowStreamOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        options ??= JsonRowStreamOptions.Default;
        options.Validate();
        PostgresConnection connection = await _hosts.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonRowStream.Create(await StartAsync(connection, query, options, cancellationToken).ConfigureAwait(false), options);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Lets no further stream start. Streams already started go on until they end.</summary>
    public ValueTask DisposeAsync()
    {
        _closing.Cancel();
        return default;
    }

    private async Task<PostgresRowSource> StartAsync(
        PostgresConnection connection, PostgresQuery query, JsonRowStreamOptions options, CancellationToken cancellationToken)
    {
        // Until the stream exists and watches its own deadlines, this one stands for them: the server is being waited for.
        bool isTotal = options.TotalTimeout != Timeout.InfiniteTimeSpan
            && (options.ProgressTimeout == Timeout.InfiniteTimeSpan || options.TotalTimeout < options.ProgressTimeout);
        TimeSpan limit = isTotal ? options.TotalTimeout : options.ProgressTimeout;
        using var timeout = new CancellationTokenSource(limit, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await QueryStarter.StartAsync(connection, query, static (used, _) => used.DisposeAsync(), either.Token, _shapes).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server may be waiting for a lock, where it does not notice that we hang up.
            await QueryCanceller.RequestAsync(connection).ConfigureAwait(false);
            if (cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw new StreamRuntimeException(
                ErrorKind.Timeout,
                $"The server at {connection.Endpoint} did not answer the query within {limit.TotalSeconds:0.###} s ({(isTotal ? nameof(options.TotalTimeout) : nameof(options.ProgressTimeout))}).",
                isTransient: true);
        }
    }
}
