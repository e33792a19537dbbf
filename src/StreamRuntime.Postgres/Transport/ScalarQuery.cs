using System.Text;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Asks the server for one value, for our own needs.</summary>
internal static class ScalarQuery
{
    /// <summary>Runs a statement of ours that gives one row of one column; null for an SQL NULL.</summary>
    public static Task<string?> ReadAsync(PostgresConnection connection, string sql, CancellationToken cancellationToken) =>
        ReadAsync(connection, sql, [], [], cancellationToken);

    /// <summary>Runs a statement with values.</summary>
    /// <param name="connection">Where to run it.</param>
    /// <param name="sql">The statement, of one row of one column.</param>
    /// <param name="types">The values' types, 0 for one that the server infers.</param>
    /// <param name="values">The values.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Task<string?> ReadAsync(
        PostgresConnection connection, string sql, ReadOnlySpan<uint> types, IReadOnlyList<string?> values, CancellationToken cancellationToken)
    {
        FrontendMessages.Parse(connection.Output, "", sql, types);
        FrontendMessages.Bind(connection.Output, "", "", values);
        FrontendMessages.Execute(connection.Output, "", 0);
        FrontendMessages.Sync(connection.Output);
        return AskAsync(connection, cancellationToken);
    }

    /// <summary>Runs several statements without values in one message. Gives the last value that one of them gives; null when none does.</summary>
    public static Task<string?> RunAsync(PostgresConnection connection, string statements, CancellationToken cancellationToken)
    {
        FrontendMessages.Query(connection.Output, statements);
        return AskAsync(connection, cancellationToken);
    }

    private static async Task<string?> AskAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
        await SessionReset.EndAsync(connection, cancellationToken).ConfigureAwait(false);
        string? value = null;
        PostgresServerException? error = null;
        while (true)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            switch (type)
            {
                case BackendMessageType.DataRow:
                    value = ReadOnlyColumn(body.Span);
                    break;
                case BackendMessageType.ErrorResponse:
                    error = new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
                    break;
                case BackendMessageType.ReadyForQuery:
                    connection.TakeReadyForQuery(body.Span);
                    connection.EndMessage();
                    return error is null ? value : throw error;
                case BackendMessageType.ParseComplete or BackendMessageType.BindComplete or BackendMessageType.CommandComplete or BackendMessageType.RowDescription:
                    break;
                default:
                    if (!connection.TryHandleAnytime(type, body.Span))
                    {
                        BackendMessage.Unexpected(type, "in the answer to our own question");
                    }

                    break;
            }
        }
    }

    private static string? ReadOnlyColumn(ReadOnlySpan<byte> body)
    {
        short columns = BackendMessage.ReadInt16(ref body, BackendMessageType.DataRow);
        int length = BackendMessage.ReadInt32(ref body, BackendMessageType.DataRow);
        if (columns != 1 || length < -1 || length != (length == -1 ? -1 : body.Length))
        {
            BackendMessage.Violation("the answer to our own question is not one column");
        }

        return length == -1 ? null : Encoding.UTF8.GetString(body);
    }
}
