using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Asks the server what columns a statement gives, without running it.</summary>
internal static class StatementColumns
{
    /// <param name="connection">Where to ask.</param>
    /// <param name="sql">The statement.</param>
    /// <param name="types">Its parameters' types, 0 for one that the server infers.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The columns; none for a statement without rows.</returns>
    public static Task<ColumnDescription[]> DescribeAsync(PostgresConnection connection, string sql, ReadOnlySpan<uint> types, CancellationToken cancellationToken)
    {
        FrontendMessages.Parse(connection.Output, "", sql, types);
        FrontendMessages.Describe(connection.Output, 'S', "");
        FrontendMessages.Sync(connection.Output);
        return ReadAsync(connection, cancellationToken);
    }

    private static async Task<ColumnDescription[]> ReadAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
        ColumnDescription[] columns = [];
        PostgresServerException? error = null;
        while (true)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            switch (type)
            {
                case BackendMessageType.RowDescription:
                    columns = RowDescription.Parse(body.Span);
                    break;
                case BackendMessageType.ErrorResponse:
                    error = new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
                    break;
                case BackendMessageType.ReadyForQuery:
                    connection.TakeReadyForQuery(body.Span);
                    connection.EndMessage();
                    return error is null ? columns : throw error;
                case BackendMessageType.ParseComplete or BackendMessageType.ParameterDescription or BackendMessageType.NoData:
                    break;
                default:
                    if (!connection.TryHandleAnytime(type, body.Span))
                    {
                        BackendMessage.Unexpected(type, "in the description of a statement");
                    }

                    break;
            }
        }
    }
}
