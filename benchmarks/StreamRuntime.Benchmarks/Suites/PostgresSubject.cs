using StreamRuntime.Benchmarks.Clients;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>A client of the suite <see cref="PostgresSuite"/>.</summary>
/// <param name="Name">Its name in the results.</param>
/// <param name="Client">One of <see cref="RowClients"/>; null for libpq, which is a program of its own.</param>
/// <param name="IsInline">Whether its process has socket continuations run where they are found, as a program may decide and a library may not.</param>
internal sealed record PostgresSubject(string Name, string? Client, bool IsInline = false)
{
    public static PostgresSubject Socket { get; } = new("bare socket", RowClients.Socket);

    public static PostgresSubject AsyncSocket { get; } = new("bare socket, async inline", RowClients.AsyncSocket, IsInline: true);

    public static PostgresSubject LibraryInline { get; } = new("library, inline", RowClients.Library, IsInline: true);

    public static PostgresSubject Library { get; } = new("library", RowClients.Library);

    public static PostgresSubject LibraryThreeTimes { get; } = new("library, 3 × the rows", RowClients.Library);

    public static PostgresSubject OneBackend { get; } = new("library, 1 backend", RowClients.OneBackend);

    public static PostgresSubject TwoBackends { get; } = new("library, 2 backends", RowClients.TwoBackends);

    /// <summary>As the clients that have a connection of their own: nothing of the last query is taken back, which is work of the server's.</summary>
    public static PostgresSubject LibraryWithoutReset { get; } = new("library, sessions as they were left", RowClients.LibraryWithoutReset);

    public static PostgresSubject Libpq { get; } = new("libpq", null);

    public static PostgresSubject NpgsqlBytes { get; } = new("npgsql byte[]", RowClients.NpgsqlBytes);

    /// <summary>Every one that is measured in every situation, those next to each other that are compared.</summary>
    public static IReadOnlyList<PostgresSubject> All { get; } =
    [
        Socket,
        AsyncSocket,
        LibraryInline,
        Library,
        Libpq,
        NpgsqlBytes,
        new("npgsql sequential byte[]", RowClients.NpgsqlSequentialBytes),
        new("npgsql GetStream", RowClients.NpgsqlStream),
        new("npgsql GetString", RowClients.NpgsqlString),
        new("npgsql JsonDocument", RowClients.NpgsqlJson),
    ];

    /// <summary>Those that read a table over several backends, next to the one that reads it over one; only from a live server.</summary>
    public static IReadOnlyList<PostgresSubject> Parallel { get; } = [Library, OneBackend, TwoBackends];

    /// <summary>Those that the quick gate measures.</summary>
    public static IReadOnlyList<PostgresSubject> Quick { get; } = [Socket, LibraryInline, Library];

    /// <summary>What its program is told to connect to.</summary>
    public string ConnectionOf(ServerAddress server) => Client switch
    {
        null => server.Libpq,
        RowClients.Socket or RowClients.AsyncSocket => server.Plain,
        RowClients.Library or RowClients.LibraryWithoutReset or RowClients.OneBackend or RowClients.TwoBackends => server.Library,
        _ => server.Npgsql,
    };
}
