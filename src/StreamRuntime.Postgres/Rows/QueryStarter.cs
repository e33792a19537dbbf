using System.Globalization;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.Rows;

/// <summary>Brings a query to the point where its rows come, and decides how they become JSON.</summary>
/// <remarks>
/// A statement that is run for the first time is described before it is executed, because a result that only the server can turn into JSON is asked for in
/// another form, and nothing may be executed twice. No Sync stands in between, so that a pooler keeps us on one server connection. What was learned is kept:
/// the next run sends everything at once, and its rows come after one round trip. A statement that a connection runs often is kept prepared there, so that only
/// its values travel; where the server has it no longer, it is run once more from its text, which is safe because nothing was executed.
/// </remarks>
internal sealed class QueryStarter
{
    private readonly PostgresConnection _connection;
    private readonly PostgresQuery _query;
    private readonly StatementShapes? _shapes;
    private readonly bool _prepares;

    // Whole at the server, Sync and all: it runs, or will.
    private bool _isSent;

    private QueryStarter(PostgresConnection connection, PostgresQuery query, StatementShapes? shapes, bool prepares)
    {
        _connection = connection;
        _query = query;
        _shapes = shapes;
        _prepares = prepares;
    }

    /// <summary>Starts the query. After a failure the connection must be closed; after a cancellation the server has been asked to stop.</summary>
    /// <param name="connection">A connection that is ready.</param>
    /// <param name="query">The query.</param>
    /// <param name="release">As for <see cref="PostgresRowSource"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="shapes">What is known of statements run before; null asks the server every time.</param>
    /// <param name="prepares">False makes no further prepared statement.</param>
    public static async Task<PostgresRowSource> StartAsync(
        PostgresConnection connection,
        PostgresQuery query,
        Func<PostgresConnection, bool, ValueTask> release,
        CancellationToken cancellationToken,
        StatementShapes? shapes = null,
        bool prepares = true)
    {
        var starter = new QueryStarter(connection, query, shapes, prepares);
        try
        {
            return await starter.RunAsync(release, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await starter.StopAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Asks for a query's columns and runs nothing. After a failure the connection must be closed, unless it can be brought back.</summary>
    /// <returns>The body of its RowDescription, empty when it gives no rows.</returns>
    public static async Task<byte[]> DescribeAsync(PostgresConnection connection, PostgresQuery query, CancellationToken cancellationToken)
    {
        var starter = new QueryStarter(connection, query, shapes: null, prepares: false);
        try
        {
            await starter.CheckNothingSentAheadAsync(cancellationToken).ConfigureAwait(false);
            starter.BeginReset();
            byte[] description = await starter.DescribeAsync(query.Text, cancellationToken).ConfigureAwait(false);
            connection.EndMessage();
            return description;
        }
        catch (OperationCanceledException)
        {
            await starter.StopAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Runs the statement from its text, after the server has refused to bind what it had prepared, and has said that it is ready. After a failure the connection
    /// must be closed, unless it can be brought back as after a refused start; after a cancellation the server has been asked to stop.
    /// </summary>
    /// <returns>What the statement gives. BindComplete is due.</returns>
    public async Task<StatementShape> RunFromTextAsync(CancellationToken cancellationToken)
    {
        _isSent = false;
        try
        {
            await CheckNothingSentAheadAsync(cancellationToken).ConfigureAwait(false);
            StatementShape shape = await DescribeAndBindAsync(cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(cancellationToken).ConfigureAwait(false);
            return shape;
        }
        catch (OperationCanceledException)
        {
            await StopAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<PostgresRowSource> RunAsync(Func<PostgresConnection, bool, ValueTask> release, CancellationToken cancellationToken)
    {
        await CheckNothingSentAheadAsync(cancellationToken).ConfigureAwait(false);
        BeginReset();
        PostgresRowSource source = TryRunPrepared(release)
            ?? await TryPrepareAndRunAsync(release, cancellationToken).ConfigureAwait(false)
            ?? TryRunKnown(release)
            ?? Rows(await DescribeAndBindAsync(cancellationToken).ConfigureAwait(false), release);
        await ExecuteAsync(cancellationToken).ConfigureAwait(false);
        return source;
    }

    private void BeginReset()
    {
        if (_connection.NeedsReset)
        {
            _connection.NeedsReset = false;
            SessionReset.Write(_connection);
        }
    }

    /// <summary>Asks the server to stop. It may be waiting for a lock, where it does not notice that we hang up.</summary>
    /// <remarks>A query that was sent whole may stand behind a reset. One request that comes between the two is not heard, and the query would run on.</remarks>
    private Task StopAsync() => _isSent ? QueryCanceller.DrainAsync(_connection, cancel: true) : QueryCanceller.RequestAsync(_connection);

    private async Task ExecuteAsync(CancellationToken cancellationToken)
    {
        FrontendMessages.Execute(_connection.Output, "", 0);
        FrontendMessages.Sync(_connection.Output);
        await _connection.FlushAsync(cancellationToken).ConfigureAwait(false);
        _isSent = true;
        try
        {
            await SessionReset.EndAsync(_connection, cancellationToken).ConfigureAwait(false);
        }
        catch (StreamRuntimeException lost) when (lost.Kind == ErrorKind.ConnectionLost)
        {
            // Whether the query was run nobody knows, so this is the rows' loss, which whoever reads them meets next. Here it would pass for one from before the query.
        }

        _connection.EndMessage();
    }

    /// <summary>Binds what the server has prepared; null when it has not.</summary>
    private PostgresRowSource? TryRunPrepared(Func<PostgresConnection, bool, ValueTask> release)
    {
        PreparedStatements statements = _connection.Statements;
        if (statements.Find(_query.Key, _connection.Parameters.ParsingVersion) is not { } statement)
        {
            return null;
        }

        // Not known when its first run failed before it was described; then what other connections know may serve.
        var shape = (StatementShape?)statement.Shape;
        DescribedAgain? describedAgain = null;
        if (shape is null && FindKnown() is { } known)
        {
            shape = known;
            describedAgain = new DescribedAgain(_query, _shapes!);
        }

        if (shape is null || !CanEncode(shape))
        {
            statements.Drop(statement);
            return null;
        }

        int closes = statements.WriteCloses(_connection.Output);
        FrontendMessages.Bind(_connection.Output, "", statement.Name, Values());
        if (describedAgain is not null)
        {
            FrontendMessages.Describe(_connection.Output, 'P', "");
        }

        return Rows(shape, release, describedAgain, new PreparedRun(this, statements, statement), closes);
    }

    /// <summary>Runs the statement and has it kept; null when it is not run often enough, or had better not be kept.</summary>
    private async Task<PostgresRowSource?> TryPrepareAndRunAsync(Func<PostgresConnection, bool, ValueTask> release, CancellationToken cancellationToken)
    {
        PreparedStatements statements = _connection.Statements;
        if (!_prepares || !statements.CountRun(_query.Key) || FindKnown() is not { } shape)
        {
            return null;
        }

        if (shape.Description.Length == 0 || !PreparableStatement.IsPreparable(_query.Text, _connection.Parameters.StandardConformingStrings))
        {
            statements.Exclude(_query.Key);
            return null;
        }

        statements.IsServersOwn ??= await IsServersOwnAsync(cancellationToken).ConfigureAwait(false);
        if (statements.IsServersOwn == false)
        {
            return null;
        }

        PreparedStatement statement = statements.Add(_query.Key, _connection.Parameters.ParsingVersion);
        int closes = statements.WriteCloses(_connection.Output);
        FrontendMessages.Parse(_connection.Output, statement.Name, shape.Sql, _query.Key.Types);
        FrontendMessages.Bind(_connection.Output, "", statement.Name, Values());
        FrontendMessages.Describe(_connection.Output, 'P', "");
        return Rows(shape, release, new DescribedAgain(_query, _shapes!), new PreparedRun(this, statements, statement), closes);
    }

    /// <summary>Runs a statement from its text when it is known what it gives; null when it is not.</summary>
    private PostgresRowSource? TryRunKnown(Func<PostgresConnection, bool, ValueTask> release)
    {
        if (FindKnown() is not { } shape)
        {
            return null;
        }

        int closes = _connection.Statements.WriteCloses(_connection.Output);
        FrontendMessages.Parse(_connection.Output, "", shape.Sql, _query.Key.Types);
        FrontendMessages.Bind(_connection.Output, "", "", Values());
        FrontendMessages.Describe(_connection.Output, 'P', "");
        return Rows(shape, release, new DescribedAgain(_query, _shapes!), closes: closes);
    }

    private PostgresRowSource Rows(
        StatementShape shape, Func<PostgresConnection, bool, ValueTask> release, DescribedAgain? describedAgain = null, PreparedRun? prepared = null, int closes = 0) =>
        _query.Key is KeyedStatementText keyed
            ? new KeyedRowSource(_connection, shape, keyed.Tail, release, describedAgain, prepared, closes)
            : new PostgresRowSource(_connection, shape, release, describedAgain, prepared, closes);

    /// <summary>Whether the process that runs our queries is the one that we logged in to. A pooler may give us another one for each query.</summary>
    private async Task<bool> IsServersOwnAsync(CancellationToken cancellationToken)
    {
        try
        {
            string? process = await ScalarQuery.ReadAsync(_connection, "select pg_catalog.pg_backend_pid()", cancellationToken).ConfigureAwait(false);
            await CheckNothingSentAheadAsync(cancellationToken).ConfigureAwait(false);
            return process == _connection.ProcessId.ToString(CultureInfo.InvariantCulture);
        }
        catch (PostgresServerException refused) when (refused.ServerMessage.Severity == "ERROR" && !_connection.IsResetPending)
        {
            // Whatever is in between does not let us ask. The caller's query is none the worse for it.
            return false;
        }
    }

    private StatementShape? FindKnown() => _shapes?.Find(_query) is { } known && CanEncode(known) ? known : null;

    private async Task<StatementShape> DescribeAndBindAsync(CancellationToken cancellationToken)
    {
        byte[] description = await DescribeAsync(_query.Text, cancellationToken).ConfigureAwait(false);
        KeyTail? tail = (_query.Key as KeyedStatementText)?.Tail;
        var shape = StatementShape.TryCreate(_query.Text, description, tail, out ColumnDescription unsupported);
        if (tail is not null && (shape is null || !CanEncode(shape)))
        {
            // The statement was made for what the query gave then.
            throw new StreamRuntimeException(
                ErrorKind.UnsupportedType, "The statement's columns have changed since it was last run, to types that only the server can turn into JSON. Run it again.", isTransient: true);
        }

        if (shape is null)
        {
            shape = await DescribeWrappedAsync(
                $"Column \"{unsupported.Name}\" has a type (object id {unsupported.TypeOid}) that only the server can turn into JSON",
                "Cast the column, for example with to_json(…) or ::text.",
                cancellationToken).ConfigureAwait(false);
        }
        else if (!CanEncode(shape))
        {
            shape = await DescribeWrappedAsync(
                $"The session's DateStyle is {_connection.Parameters.DateStyle ?? "unknown"}, with which only the server can turn dates into JSON",
                "Set DateStyle to ISO.",
                cancellationToken).ConfigureAwait(false);
        }

        // What is here now was said before the query was run, so it can't be an answer to it.
        await CheckNothingSentAheadAsync(cancellationToken).ConfigureAwait(false);
        _shapes?.Set(_query, shape);
        FrontendMessages.Bind(_connection.Output, "", "", Values());
        return shape;
    }

    private bool CanEncode(StatementShape shape) => shape.Encoder is not { NeedsIsoDates: true } || _connection.Parameters.HasIsoDates;

    /// <summary>Between two queries a server says only what it may say at any time; a result that is there before its query was forged.</summary>
    private async Task CheckNothingSentAheadAsync(CancellationToken cancellationToken)
    {
        _connection.EndMessage();
        while (_connection.HasUnaskedBytes)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await _connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            if (type == BackendMessageType.ErrorResponse)
            {
                throw new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
            }

            if (!_connection.TryHandleAnytime(type, body.Span))
            {
                BackendMessage.Unexpected(type, "before the query was run");
            }

            _connection.EndMessage();
        }

        // The last look before a known statement is run: after that nobody could tell whether it was.
        if (!_connection.IsUsable)
        {
            throw new StreamRuntimeException(
                ErrorKind.ConnectionLost, $"The server at {_connection.Endpoint} closed the connection between two queries.", isTransient: true);
        }
    }

    private async Task<StatementShape> DescribeWrappedAsync(string why, string remedy, CancellationToken cancellationToken)
    {
        try
        {
            string sql = RowToJsonQuery.Wrap(_query.Text, _connection.Parameters.StandardConformingStrings);
            byte[] description = await DescribeAsync(sql, cancellationToken).ConfigureAwait(false);
            var shape = StatementShape.TryCreate(sql, description, tail: null, out _);
            if (shape is not { Encoder: null })
            {
                BackendMessage.Violation("a statement of one json column is described as another");
            }

            return shape;
        }
        catch (StreamRuntimeException refused) when (refused is PostgresServerException || refused.Kind == ErrorKind.Configuration)
        {
            throw new StreamRuntimeException(
                ErrorKind.UnsupportedType, $"{why}, and this statement can't be wrapped in row_to_json. {remedy}", refused);
        }
    }

    /// <summary>Parses a statement and asks for its columns: the body of its RowDescription, empty when it gives no rows.</summary>
    private async Task<byte[]> DescribeAsync(string sql, CancellationToken cancellationToken)
    {
        FrontendMessages.Parse(_connection.Output, "", sql, _query.Key.Types);
        FrontendMessages.Describe(_connection.Output, 'S', "");
        FrontendMessages.Flush(_connection.Output);
        await _connection.FlushAsync(cancellationToken).ConfigureAwait(false);
        await SessionReset.EndAsync(_connection, cancellationToken).ConfigureAwait(false);
        BackendMessageType due = BackendMessageType.ParseComplete;
        while (true)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await _connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            switch (type)
            {
                case BackendMessageType.ParseComplete when due == type:
                    due = BackendMessageType.ParameterDescription;
                    break;
                case BackendMessageType.ParameterDescription when due == type:
                    due = BackendMessageType.RowDescription;
                    break;
                case BackendMessageType.RowDescription when due == type:
                    return body.ToArray();
                case BackendMessageType.NoData when due == BackendMessageType.RowDescription:
                    return [];
                case BackendMessageType.ErrorResponse:
                    throw new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
                default:
                    if (!_connection.TryHandleAnytime(type, body.Span))
                    {
                        BackendMessage.Unexpected(type, $"where {due} is due");
                    }

                    break;
            }
        }
    }

    private string?[] Values()
    {
        var values = new string?[_query.Parameters.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _query.Parameters[i].Text;
        }

        return values;
    }
}
