using System.Buffers;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Transactions of several connections that see the same rows: one exports its snapshot, the others import it.</summary>
/// <remarks>
/// The first must stay open until all others have imported. Each reads, is repeatable, and is let alone by the server's limit on transactions without a
/// statement, since a paused reader may leave one waiting between two.
/// </remarks>
internal static class SnapshotTransaction
{
    private const string Begin = "begin isolation level repeatable read, read only";
    private const string Settle = "set local idle_in_transaction_session_timeout = 0";
    private static readonly SearchValues<char> SnapshotCharacters = SearchValues.Create("0123456789ABCDEFabcdef-");

    /// <summary>Begins the transaction whose snapshot the others see.</summary>
    /// <returns>The snapshot's name.</returns>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: the server can't share one.</exception>
    public static async Task<string> ExportAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            string? snapshot = await ScalarQuery.RunAsync(connection, $"{Begin}; {Settle}; select pg_catalog.pg_export_snapshot()", cancellationToken).ConfigureAwait(false);

            // It becomes SQL text for the others, as SET takes no parameters.
            return snapshot is { Length: > 0 and < 64 } && !snapshot.AsSpan().ContainsAnyExcept(SnapshotCharacters)
                ? snapshot
                : throw new StreamRuntimeException(ErrorKind.Protocol, "The server gave its snapshot a name that no snapshot has.");
        }
        catch (PostgresServerException refused) when (refused.ServerMessage.Severity == "ERROR")
        {
            throw new StreamRuntimeException(
                ErrorKind.Configuration,
                $"The server at {connection.Endpoint} can't share a snapshot among several connections ({refused.SqlState}: {refused.ServerMessage.Message}). "
                    + "PostgreSQL 10 or later can, a standby too; some poolers can't. Read with one backend, or connect past the pooler.",
                refused);
        }
    }

    /// <summary>Begins a transaction that sees what the exported snapshot sees.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: this connection leads somewhere else.</exception>
    public static async Task ImportAsync(PostgresConnection connection, string snapshot, CancellationToken cancellationToken)
    {
        try
        {
            await ScalarQuery.RunAsync(connection, $"{Begin}; set transaction snapshot '{snapshot}'; {Settle}", cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresServerException refused) when (refused.ServerMessage.Severity == "ERROR")
        {
            throw new StreamRuntimeException(
                ErrorKind.Configuration,
                $"A second connection to {connection.Endpoint} doesn't know the first one's snapshot ({refused.SqlState}: {refused.ServerMessage.Message}). "
                    + "Several backends must be of one server: name it, past any balancer or pooler that spreads connections over several, or read with one backend.",
                refused);
        }
    }

    /// <summary>Ends the transaction, whatever state it is in.</summary>
    /// <returns>False when the connection can't be used any more.</returns>
    public static async ValueTask<bool> TryEndAsync(PostgresConnection connection)
    {
        using var timeout = new CancellationTokenSource(connection.Options.CancelTimeout, connection.Options.TimeProvider);
        try
        {
            await ScalarQuery.RunAsync(connection, "rollback", timeout.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException)
        {
            // Nothing was written, so there is nothing to lose but the connection.
            return false;
        }
    }
}
