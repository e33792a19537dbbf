using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Takes back what a query may have left in its session, so that the next one finds it as after the login: settings, temporary tables, locks, LISTEN.</summary>
/// <remarks>
/// <para>
/// The request goes out when a connection is returned and its answer is read when the connection is next used, so that nobody waits for it: by then it has
/// nearly always come.
/// </para>
/// <para>
/// Where the server keeps statements for us, everything else is taken back. Not so when somebody else's may be among them: then all are dropped, ours too.
/// </para>
/// <para>
/// A server goes back to what the login said. A pooler in between passes the request on to a server connection of its own, whose login was another; that
/// shows in the name and the encoding, and then nobody but the pooler can reset a session.
/// </para>
/// </remarks>
internal static class SessionReset
{
    // What pgbouncer sends by default as well (server_reset_query).
    private const string Everything = "DISCARD ALL";

    // PostgreSQL documentation, "DISCARD": what ALL stands for, but for the prepared statements and the plans that go with them. The role comes first, since the
    // rest is for the one that logged in to do; then the settings, so that no search_path of the last query's decides which function is meant.
    private const string AllButStatements =
        "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

    /// <summary>Sends the request.</summary>
    /// <returns>False when the connection can't be used any more.</returns>
    public static async ValueTask<bool> TryBeginAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            connection.EndMessage();
            if (connection.Statements is { Count: > 0, IsDisturbed: false })
            {
                FrontendMessages.Query(connection.Output, AllButStatements);
            }
            else
            {
                connection.Statements.Clear();
                FrontendMessages.Parse(connection.Output, "", Everything, []);
                FrontendMessages.Bind(connection.Output, "", "", []);
                FrontendMessages.Execute(connection.Output, "", 0);
                FrontendMessages.Sync(connection.Output);
            }

            await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
            connection.IsResetPending = true;
            return true;
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Reads the answer, if one is due.</summary>
    /// <returns>False when the session is not what it was after the login: there is a pooler in between.</returns>
    /// <exception cref="StreamRuntimeException">The connection was lost, or the server refused: it must be closed.</exception>
    public static async ValueTask<bool> EndAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        while (connection.IsResetPending)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            switch (type)
            {
                case BackendMessageType.ReadyForQuery:
                    connection.TakeReadyForQuery(body.Span);
                    connection.EndMessage();
                    connection.IsResetPending = false;
                    break;
                case BackendMessageType.ErrorResponse:
                    throw new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
                case BackendMessageType.ParseComplete or BackendMessageType.BindComplete or BackendMessageType.CommandComplete:
                case BackendMessageType.RowDescription or BackendMessageType.DataRow:
                    break;
                default:
                    if (!connection.TryHandleAnytime(type, body.Span))
                    {
                        BackendMessage.Unexpected(type, "in the answer to the reset of the session");
                    }

                    break;
            }
        }

        return connection.Parameters.IsAsAfterLogin;
    }
}
