using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Takes back what a query may have left in its session, so that the next one finds it as after the login: settings, temporary tables, locks, LISTEN.</summary>
/// <remarks>
/// <para>
/// Either the request goes out when a connection is returned, and its answer is read when the connection is next used, by when it has nearly always come. Or it goes out
/// with the next query, ahead of it in the same write, which saves both sides a message and the server a wake-up; until then the session stays as it was left.
/// </para>
/// <para>
/// No Sync stands between the two then: where the reset fails, the server passes over all that follows, so that nothing runs in a session that was not reset. Each form
/// commits by itself, so what follows is in a transaction of its own.
/// </para>
/// <para>
/// Where the server keeps statements for us, everything else is taken back. Not so when somebody else's may be among them: then all are dropped, ours too.
/// </para>
/// <para>
/// A server goes back to what the login said. A pooler in between passes the request on to a server connection of its own, whose login was another; that
/// shows in the name and the encoding, and then nobody but the pooler can reset a session. The server reports them with Sync, so a connection's first reset waits for no query.
/// </para>
/// </remarks>
internal static class SessionReset
{
    // What pgbouncer sends by default as well (server_reset_query).
    private const string Everything = "DISCARD ALL";

    // PostgreSQL documentation, "DISCARD": what ALL stands for, but for the prepared statements and the plans that go with them. The role comes first, since the
    // rest is for the one that logged in to do; then the settings, so that no search_path of the last query's decides which function is meant.
    private static readonly string[] AllButStatements =
    [
        "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL", "CLOSE ALL", "UNLISTEN *", "SELECT pg_catalog.pg_advisory_unlock_all()", "DISCARD TEMP", "DISCARD SEQUENCES",
    ];

    /// <summary>All but the statements, in one message and one transaction.</summary>
    public static string AllButStatementsAtOnce { get; } = string.Join("; ", AllButStatements);

    /// <summary>The same one by one.</summary>
    public static IReadOnlyList<string> AllButStatementsOneByOne { get; } = ["BEGIN", .. AllButStatements, "COMMIT"];

    /// <summary>Sends the request by itself.</summary>
    /// <returns>False when the connection can't be used any more.</returns>
    public static async ValueTask<bool> TryBeginAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            connection.EndMessage();
            if (KeepsStatements(connection))
            {
                FrontendMessages.Query(connection.Output, AllButStatementsAtOnce);
                connection.Reset = new PendingReset(AllButStatements.Length, KeepsStatements: true, HasSync: true);
            }
            else
            {
                WriteEverything(connection);
                FrontendMessages.Sync(connection.Output);
                connection.Reset = connection.Reset with { HasSync = true };
            }

            await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Writes the request where the next query's messages will follow it.</summary>
    public static void Write(PostgresConnection connection)
    {
        if (KeepsStatements(connection))
        {
            connection.Statements.WriteReset(connection.Output);
            connection.Reset = new PendingReset(AllButStatementsOneByOne.Count, KeepsStatements: true);
        }
        else
        {
            WriteEverything(connection);
        }
    }

    /// <summary>Reads the answer, if one is due, and nothing behind it.</summary>
    /// <returns>False when the session is not what it was after the login: there is a pooler in between. Known only where the request went out by itself.</returns>
    /// <exception cref="StreamRuntimeException">The connection was lost, or the server refused: it must be closed.</exception>
    public static async ValueTask<bool> EndAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        while (connection.IsResetPending)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            PendingReset due = connection.Reset;
            switch (type)
            {
                case BackendMessageType.CommandComplete when due.Commands > 0:
                    connection.Reset = due with { Commands = due.Commands - 1 };
                    break;
                case BackendMessageType.ReadyForQuery when due is { Commands: 0, HasSync: true }:
                    connection.TakeReadyForQuery(body.Span);
                    connection.Reset = default;
                    break;
                case BackendMessageType.ErrorResponse:
                    throw new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
                case BackendMessageType.ParseComplete or BackendMessageType.BindComplete or BackendMessageType.DataRow when due.Commands > 0:
                case BackendMessageType.RowDescription when due is { Commands: > 0, HasSync: true }:
                    break;
                default:
                    if (!connection.TryHandleAnytime(type, body.Span))
                    {
                        BackendMessage.Unexpected(type, "in the answer to the reset of the session");
                    }

                    break;
            }
        }

        connection.EndMessage();
        return connection.Parameters.IsAsAfterLogin;
    }

    private static bool KeepsStatements(PostgresConnection connection) => connection.Statements is { Count: > 0, IsDisturbed: false };

    private static void WriteEverything(PostgresConnection connection)
    {
        connection.Statements.Clear();
        FrontendMessages.Parse(connection.Output, "", Everything, []);
        FrontendMessages.Bind(connection.Output, "", "", []);
        FrontendMessages.Execute(connection.Output, "", 0);
        connection.Reset = new PendingReset(1, KeepsStatements: false);
    }
}
