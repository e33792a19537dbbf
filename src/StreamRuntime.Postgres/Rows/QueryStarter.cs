using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.Rows;

/// <summary>Brings a query to the point where its rows come, and decides how they become JSON.</summary>
/// <remarks>
/// A statement that is run for the first time is described before it is executed, because a result that only the server can turn into JSON is asked for in
/// another form, and nothing may be executed twice. No Sync stands in between, so that a pooler keeps us on one server connection. What was learned is kept:
/// the next run sends everything at once, and its rows come after one round trip.
/// </remarks>
internal sealed class QueryStarter
{
    private readonly PostgresConnection _connection;
    private readonly PostgresQuery _query;
    private readonly StatementShapes? _shapes;

    private QueryStarter(PostgresConnection connection, PostgresQuery query, StatementShapes? shapes)
    {
        _connection = connection;
        _query = query;
        _shapes = shapes;
    }

    /// <summary>Starts the query. After a failure the connection must be closed.</summary>
    /// <param name="connection">A connection that is ready.</param>
    /// <param name="query">The query.</param>
    /// <param name="release">As for <see cref="PostgresRowSource"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="shapes">What is known of statements run before; null asks the server every time.</param>
    public static async Task<PostgresRowSource> StartAsync(
        PostgresConnection connection,
        PostgresQuery query,
        Func<PostgresConnection, bool, ValueTask> release,
        CancellationToken cancellationToken,
        StatementShapes? shapes = null)
    {
        var starter = new QueryStarter(connection, query, shapes);
        await starter.CheckNothingSentAheadAsync(cancellationToken).ConfigureAwait(false);
        PostgresRowSource source = shapes?.Find(query) is { } known && starter.CanEncode(known)
            ? starter.RunKnown(known, release)
            : await starter.DescribeAndRunAsync(release, cancellationToken).ConfigureAwait(false);
        FrontendMessages.Execute(connection.Output, "", 0);
        FrontendMessages.Sync(connection.Output);
        await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
        connection.EndMessage();
        return source;
    }

    private PostgresRowSource RunKnown(StatementShape shape, Func<PostgresConnection, bool, ValueTask> release)
    {
        FrontendMessages.Parse(_connection.Output, "", shape.Sql, Types());
        FrontendMessages.Bind(_connection.Output, "", "", Values());
        FrontendMessages.Describe(_connection.Output, 'P', "");
        return new PostgresRowSource(_connection, shape, release, new DescribedAgain(_query, _shapes!));
    }

    private async Task<PostgresRowSource> DescribeAndRunAsync(Func<PostgresConnection, bool, ValueTask> release, CancellationToken cancellationToken)
    {
        byte[] description = await DescribeAsync(_query.Text, cancellationToken).ConfigureAwait(false);
        var shape = StatementShape.TryCreate(_query.Text, description, out ColumnDescription unsupported);
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
        return new PostgresRowSource(_connection, shape, release);
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
            var shape = StatementShape.TryCreate(sql, description, out _);
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
        FrontendMessages.Parse(_connection.Output, "", sql, Types());
        FrontendMessages.Describe(_connection.Output, 'S', "");
        FrontendMessages.Flush(_connection.Output);
        await _connection.FlushAsync(cancellationToken).ConfigureAwait(false);
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

    private uint[] Types()
    {
        var types = new uint[_query.Parameters.Count];
        for (int i = 0; i < types.Length; i++)
        {
            types[i] = _query.Parameters[i].TypeOid;
        }

        return types;
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
