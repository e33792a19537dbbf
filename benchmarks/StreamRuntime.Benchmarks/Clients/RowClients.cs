namespace StreamRuntime.Benchmarks.Clients;

/// <summary>The clients there are, by the names they have on the command line.</summary>
internal static class RowClients
{
    public const string Socket = "socket";
    public const string AsyncSocket = "socket-async";
    public const string Library = "library";
    public const string OneBackend = "library-1-backend";
    public const string TwoBackends = "library-2-backends";
    public const string LibraryWithoutReset = "library-without-reset";
    public const string NpgsqlString = "npgsql-string";
    public const string NpgsqlBytes = "npgsql-bytes";
    public const string NpgsqlStream = "npgsql-stream";
    public const string NpgsqlSequentialBytes = "npgsql-sequential-bytes";
    public const string NpgsqlJson = "npgsql-json";
    public const string NpgsqlCopiedBytes = "npgsql-copied-bytes";
    public const string NpgsqlSequentialCopiedBytes = "npgsql-sequential-copied-bytes";
    public const string NpgsqlWrittenString = "npgsql-written-string";
    public const string Ado = "ado";
    public const string AdoSequential = "ado-sequential";
    public const string AdoWritten = "ado-written";
    public const string AdoSequentialWritten = "ado-sequential-written";

    /// <exception cref="ArgumentException">There is no such client.</exception>
    public static RowClient Create(string name, string connection) => name switch
    {
        Socket => new SocketClient(connection),
        AsyncSocket => new AsyncSocketClient(connection),
        Library => new LibraryClient(connection),
        OneBackend => new ParallelClient(connection, backends: 1),
        TwoBackends => new ParallelClient(connection, backends: 2),
        LibraryWithoutReset => new LibraryClient(connection, resetsSessions: false),
        NpgsqlString => new NpgsqlClient(connection, NpgsqlReading.String),
        NpgsqlBytes => new NpgsqlClient(connection, NpgsqlReading.Bytes),
        NpgsqlStream => new NpgsqlClient(connection, NpgsqlReading.SequentialStream),
        NpgsqlSequentialBytes => new NpgsqlClient(connection, NpgsqlReading.SequentialBytes),
        NpgsqlJson => new NpgsqlClient(connection, NpgsqlReading.JsonDocument),
        NpgsqlCopiedBytes => new NpgsqlClient(connection, NpgsqlReading.CopiedBytes),
        NpgsqlSequentialCopiedBytes => new NpgsqlClient(connection, NpgsqlReading.SequentialCopiedBytes),
        NpgsqlWrittenString => new NpgsqlClient(connection, NpgsqlReading.WrittenString),
        Ado => new AdoClient(connection),
        AdoSequential => new AdoClient(connection, isSequential: true),
        AdoWritten => new AdoClient(connection, writes: true),
        AdoSequentialWritten => new AdoClient(connection, isSequential: true, writes: true),
        _ => throw new ArgumentException($"There is no client {name}."),
    };
}
