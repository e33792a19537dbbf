namespace StreamRuntime.Postgres;

/// <summary>An error that the server reported.</summary>
public sealed class PostgresServerException : StreamRuntimeException
{
    /// <summary>Makes the exception from the server's fields.</summary>
    public PostgresServerException(PostgresServerMessage serverMessage)
        : base(ErrorKind.Server, Describe(serverMessage), null, IsTransientState(serverMessage.SqlState)) =>
        ServerMessage = serverMessage;

    /// <summary>Every field the server sent.</summary>
    public PostgresServerMessage ServerMessage { get; }

    /// <summary>SQLSTATE, five characters.</summary>
    public override string SqlState => ServerMessage.SqlState;

    private static string Describe(PostgresServerMessage message) => $"{message.SqlState}: {message.Message}";

    // Classes and codes after which the same call may succeed: connection exceptions (08), serialization failure and deadlock (40001, 40P01),
    // insufficient resources (53), lock not available (55P03), shutdown and start-up (57P01 to 57P05), and I/O error (58030).
    private static bool IsTransientState(string sqlState) =>
        sqlState.StartsWith("08", StringComparison.Ordinal)
        || sqlState.StartsWith("53", StringComparison.Ordinal)
        || sqlState is "40001" or "40P01" or "55P03" or "55006" or "57P01" or "57P02" or "57P03" or "57P05" or "58030";
}
