using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Brings a connection back to where the next query can start, after the server refused one before it was run.</summary>
internal static class Resynchronization
{
    /// <summary>True when the statement was at fault, and not the connection.</summary>
    public static bool CanHelp(StreamRuntimeException failure) => failure is PostgresServerException { ServerMessage.Severity: "ERROR" }
        || failure.Kind is ErrorKind.Configuration or ErrorKind.UnsupportedType or ErrorKind.MessageTooLarge;

    /// <summary>Sends Sync and drops what comes up to ReadyForQuery.</summary>
    /// <returns>True when the connection can be used again; otherwise it must be closed.</returns>
    public static async Task<bool> TryRunAsync(PostgresConnection connection)
    {
        using var timeout = new CancellationTokenSource(connection.Options.CancelTimeout, connection.Options.TimeProvider);
        try
        {
            FrontendMessages.Sync(connection.Output);
            await connection.FlushAsync(timeout.Token).ConfigureAwait(false);
            while (true)
            {
                (BackendMessageType type, ReadOnlyMemory<byte> body) = await connection.ReadMessageAsync(timeout.Token).ConfigureAwait(false);
                if (type == BackendMessageType.ReadyForQuery)
                {
                    connection.TakeReadyForQuery(body.Span);
                    connection.EndMessage();
                    return true;
                }

                connection.TryHandleAnytime(type, body.Span);
            }
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException)
        {
            return false;
        }
    }
}
