using StreamRuntime.Connections;
using StreamRuntime.Postgres.Configuration;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;
using StreamRuntime.Timing;

namespace StreamRuntime.Postgres.DataSources;

/// <summary>A PostgreSQL database from which queries are streamed, over a pool of connections.</summary>
/// <remarks>
/// Thread-safe: any number of streams may be started and read at the same time, each on a connection of its own, which goes back to the pool when its result has
/// ended or was cancelled cleanly.
/// </remarks>
public sealed partial class PostgresDataSource : IAsyncDisposable, IDisposable
{
    private readonly StatementShapes _shapes = new();
    private readonly KeyedStatements _keyed = new();
    private readonly ConnectionPool<PostgresConnection> _pool;
    private readonly HostSelector _hosts;
    private readonly TimingWheel _wheel;

    // A pooler keeps connections better than we could behind its back, so ours are closed after use, and it resets its sessions itself.
    private volatile bool _isBehindPooler;

    // A server that won't reset a session and keep its statements (a function's rights are taken away, say) resets it whole.
    private volatile bool _isKeepingRefused;

    private PostgresDataSource(PostgresOptions options)
    {
        Options = options;
        _hosts = new HostSelector(options);
        _wheel = new TimingWheel(options.TimeProvider);
        _pool = new ConnectionPool<PostgresConnection>(OpenAsync, options.Pool with { Name = PoolName(options) });
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
    /// <param name="options">How the stream behaves; <see cref="PostgresOptions.Streams"/> when null.</param>
    /// <param name="cancellationToken">Cancels connecting and starting; reading has a token of its own.</param>
    /// <returns>The stream, at its first row. Disposing it before its end cancels the query on the server.</returns>
    /// <exception cref="PostgresServerException">The server refused the login or the query.</exception>
    /// <exception cref="StreamRuntimeException">No connection, a deadline passed, or the server broke the protocol.</exception>
    /// <exception cref="ObjectDisposedException">The data source is disposed.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">The options hold a resume token, and the query has no key (<see cref="PostgresQuery.WithKey"/>).</exception>
    public ValueTask<JsonRowStream> StreamAsync(PostgresQuery query, JsonRowStreamOptions? options = null, CancellationToken cancellationToken = default) =>
        query?.Key is KeyedQuery ? StreamKeyedAsync(query, options, cancellationToken) : StreamOnceAsync(query!, options, cancellationToken);

    /// <summary>What the pool of connections holds and has done.</summary>
    public PoolStatistics GetPoolStatistics() => _pool.GetStatistics();

    /// <summary>Closes the idle connections and lets no further stream start. Streams already started go on until they end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        _wheel.Dispose();
    }

    private async ValueTask<JsonRowStream> StreamOnceAsync(PostgresQuery query, JsonRowStreamOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        options ??= Options.Streams;
        options.Validate();
        if (options.ResumeFrom is not null)
        {
            throw new NotSupportedException($"A query without a key can't be continued from a token. Name one with {nameof(PostgresQuery)}.{nameof(PostgresQuery.WithKey)}.");
        }

        QueryObservation? observation = QueryObservation.TryStart(Options, query);
        try
        {
            PostgresRowSource rows = await StartAnywhereAsync(query, options, observation, cancellationToken).ConfigureAwait(false);
            rows.Observation = observation;
            return JsonRowStream.Create(RunsReadsAgain ? FailingOver(rows, query, options, observation) : rows, options);
        }
        catch (Exception failure) when (observation is not null)
        {
            observation.End(failure);
            throw;
        }
    }

    /// <summary>
    /// The same for a container that can't await; blocks its thread until the idle connections are closed. Prefer <see cref="DisposeAsync"/>.
    /// </summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>
    /// True when the server has gone, or is going (admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout). Said before the query's last message was
    /// sent, it means that nothing has happened: what is executed without a Sync behind it is not committed.
    /// </summary>
    internal static bool IsLoss(StreamRuntimeException failure) =>
        failure.Kind == ErrorKind.ConnectionLost || failure is PostgresServerException { SqlState: "57P01" or "57P02" or "57P03" or "57P05" };

    /// <summary>Starts a query on the first connection that lasts until it runs. Nothing is run twice: what is lost here was not executed.</summary>
    internal async ValueTask<PostgresRowSource> StartAnywhereAsync(
        PostgresQuery query, JsonRowStreamOptions options, QueryObservation? observation, CancellationToken cancellationToken)
    {
        int otherServers = Options.Endpoints.Count - 1;

        // A used connection was good once. Where the pool opens others in advance, a server that lets everybody in and serves nobody would be asked for ever.
        int unused = Math.Max(1, Options.Pool.MinSize);
        while (true)
        {
            PoolLease<PostgresConnection> lease = await _pool.LeaseAsync((query.Key as KeyedRun)?.Ticket, cancellationToken).ConfigureAwait(false);
            bool wasKept = lease.IsReused || (lease.WasIdle && unused-- > 0);
            observation?.TakeServer(lease.Connection.Endpoint);
            if (await TryStartAsync(lease, query, options, wasKept, otherServers > 0, cancellationToken).ConfigureAwait(false) is { } rows)
            {
                return rows;
            }

            otherServers -= wasKept ? 0 : 1;
        }
    }

    private async ValueTask<JsonRowStream> StreamKeyedAsync(PostgresQuery query, JsonRowStreamOptions? options, CancellationToken cancellationToken)
    {
        options ??= JsonRowStreamOptions.Default;
        options.Validate();
        QueryObservation? observation = QueryObservation.TryStart(Options, query);
        var rows = new KeyedRows(this, query, options, observation);
        JsonRowStream? stream = null;
        try
        {
            // First the token, if there is one: nothing is asked of the server for one that does not fit.
            stream = JsonRowStream.Create(rows, options);
            if (stream.State != StreamState.Complete)
            {
                await rows.OpenAsync(ticket: null, cancellationToken).ConfigureAwait(false);
            }

            return stream;
        }
        catch (Exception failure)
        {
            observation?.End(failure);
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>Starts a query with a key from its place on, after asking for its columns where it was not run before.</summary>
    private async Task<PostgresRowSource> StartKeyedAsync(
        PostgresConnection connection, PostgresQuery query, KeyedRun run, Func<PostgresConnection, bool, ValueTask> release, bool prepares, CancellationToken cancellationToken)
    {
        var key = new KeyedStatements.Key(run.Query, connection.Parameters.StandardConformingStrings, connection.Parameters.HasIsoDates);
        KeyedStatement? known = _keyed.Find(key);
        KeyedStatement statement = known ?? KeyedStatement.Create(
            query.Text,
            query.Parameters.Count,
            run.Query.RowKey,
            await QueryStarter.DescribeAsync(connection, query, cancellationToken).ConfigureAwait(false),
            key.StandardStrings,
            key.IsoDates);
        _keyed.Set(key, statement);
        try
        {
            return await QueryStarter.StartAsync(connection, statement.Begin(query.Parameters, run.Place.Span), release, cancellationToken, _shapes, prepares).ConfigureAwait(false);
        }
        catch (StreamRuntimeException) when (known is not null)
        {
            // Whatever it was, it may have been that the table is another now.
            ForgetColumns(query);
            throw;
        }
    }

    /// <summary>Has the columns of a query with a key asked for again by its next run.</summary>
    internal void ForgetColumns(PostgresQuery query) => _keyed.Forget(query.Key is KeyedRun run ? run.Query : (KeyedQuery)query.Key);

    /// <summary>Whether a run that was lost may be made again elsewhere, and if so, has its server asked last.</summary>
    internal bool TryRunElsewhere(PostgresRowSource lost, StreamRuntimeException failure, PostgresQuery query)
    {
        if (!RunsReadsAgain || lost.HasRows || !IsLoss(failure) || !ReadOnlyStatement.Is(query.Text, lost.HasStandardStrings))
        {
            return false;
        }

        _hosts.TryLast(lost.Endpoint);
        return true;
    }

    private bool RunsReadsAgain => Options.RunsReadsAgain && Options.Endpoints.Count > 1;

    private RowsThatFailOver FailingOver(PostgresRowSource rows, PostgresQuery query, JsonRowStreamOptions options, QueryObservation? observation) => new(
        rows,
        Options.Endpoints.Count - 1,
        (lost, token) =>
        {
            _hosts.TryLast(lost.Endpoint);
            return StartAnywhereAsync(query, options, observation, token);
        },

        // A quote ends elsewhere by the settings of another session, and what is a string in one may be a call in the other.
        lost => ReadOnlyStatement.Is(query.Text, lost.HasStandardStrings),
        observation);

    // As OpenTelemetry's conventions advise, for pools that nobody has named: those of two databases must not show as one.
    private static string PoolName(PostgresOptions options) =>
        options.Pool.Name == ConnectionPoolOptions.Default.Name ? $"{options.Endpoints[0]}/{options.Database ?? options.User}" : options.Pool.Name;

    private async ValueTask<PostgresConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var link = new Link<PostgresOptions, PostgresConnection>((_, token) => new ValueTask<PostgresConnection>(_hosts.OpenAsync(token)), _wheel, Options.Link);
        link.TryConnect(Options);
        try
        {
            // From here on the connection is the pool's; a link that has made it does nothing more by itself.
            return await link.GetConnectionAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await link.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Null when the connection was lost and another may serve: nothing was run.</summary>
    private async Task<PostgresRowSource?> TryStartAsync(
        PoolLease<PostgresConnection> lease, PostgresQuery query, JsonRowStreamOptions options, bool wasKept, bool hasOtherServers, CancellationToken cancellationToken)
    {
        PostgresConnection connection = lease.Connection;
        connection.OnlyReads = false;
        bool isClean = false;
        bool isStarted = false;
        try
        {
            if (!await IsResetAsync(connection, options.TimeProvider, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            PostgresRowSource source = await StartAsync(lease, query, options, cancellationToken).ConfigureAwait(false);
            isStarted = true;
            return source;
        }
        catch (PostgresServerException refused) when (connection.IsResetPending)
        {
            // The reset was refused, so the query behind it was passed over.
            ResetRefused(connection, refused);
            return null;
        }
        catch (StreamRuntimeException failure) when ((wasKept || hasOtherServers) && IsLoss(failure))
        {
            if (!wasKept)
            {
                // It let us in and then was gone, which it may well do again.
                _hosts.TryLast(connection.Endpoint);
            }

            return null;
        }
        catch (StreamRuntimeException refused) when (Resynchronization.CanHelp(refused))
        {
            isClean = await Resynchronization.TryRunAsync(connection).ConfigureAwait(false);
            throw;
        }
        finally
        {
            if (!isStarted)
            {
                await ReleaseAsync(lease, isClean).ConfigureAwait(false);
            }
        }
    }

    private async Task<PostgresRowSource> StartAsync(
        PoolLease<PostgresConnection> lease, PostgresQuery query, JsonRowStreamOptions options, CancellationToken cancellationToken)
    {
        // Until the stream exists and watches its own deadlines, this one stands for them: the server is being waited for.
        PostgresConnection connection = lease.Connection;
        using var limit = new StartLimit(options, cancellationToken);
        try
        {
            bool prepares = !_isBehindPooler && !_isKeepingRefused;
            Func<PostgresConnection, bool, ValueTask> release = (_, isClean) => ReleaseAsync(lease, isClean);
            return await (query.Key is KeyedRun run
                ? StartKeyedAsync(connection, query, run, release, prepares, limit.Token)
                : QueryStarter.StartAsync(connection, query, release, limit.Token, _shapes, prepares)).ConfigureAwait(false);
        }
        catch (OperationCanceledException cancelled) when (limit.HasPassed(cancelled))
        {
            throw limit.Passed($"The server at {connection.Endpoint} did not answer the query");
        }
    }

    /// <summary>Waits until the connection's last use has left no trace. False when it can't be used: nothing was run on it, and another may serve.</summary>
    private async ValueTask<bool> IsResetAsync(PostgresConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!connection.IsResetPending)
        {
            return true;
        }

        using var timeout = new CancellationTokenSource(Options.CancelTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            bool isSame = await SessionReset.EndAsync(connection, either.Token).ConfigureAwait(false);
            _isBehindPooler |= !isSame;
            connection.IsResetProven |= isSame;
            return isSame;
        }
        catch (PostgresServerException refused)
        {
            ResetRefused(connection, refused);
            return false;
        }
        catch (StreamRuntimeException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // That the statements which reset it have gone (26000) is the session's own affair.
    private void ResetRefused(PostgresConnection connection, PostgresServerException refused) =>
        _isKeepingRefused |= connection.Reset.KeepsStatements && refused.ServerMessage.Severity == "ERROR" && refused.SqlState != "26000";

    /// <summary>
    /// Whether it does no harm that the session stays as it was left until the connection is used again: a read takes no locks that outlive it, nor changes settings by
    /// which the next query's text would be understood before the server has said that they are back.
    /// </summary>
    private bool MayWaitForReset(PostgresConnection connection) => Options.DefersSessionResets
        && connection is { OnlyReads: true, IsResetProven: true, Statements.IsDisturbed: false, Parameters: { IsUntouched: true, StandardConformingStrings: true } };

    private async ValueTask ReleaseAsync(PoolLease<PostgresConnection> lease, bool isClean)
    {
        PostgresConnection connection = lease.Connection;
        isClean = isClean && connection.TransactionStatus == TransactionStatus.Idle && !(_isBehindPooler && Options.ResetsSessions);
        if (isClean && Options.ResetsSessions && MayWaitForReset(connection))
        {
            connection.NeedsReset = true;
        }
        else if (isClean && Options.ResetsSessions)
        {
            using var timeout = new CancellationTokenSource(Options.CancelTimeout, Options.TimeProvider);
            isClean = await SessionReset.TryBeginAsync(connection, timeout.Token).ConfigureAwait(false);
        }

        await lease.ReturnAsync(isClean).ConfigureAwait(false);
    }
}
