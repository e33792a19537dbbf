namespace StreamRuntime.Benchmarks.Clients;

/// <summary>
/// The measured .NET clients, each run as a process of its own. The last line on standard error is JSON: rows, bytes, and what was allocated.
/// </summary>
internal static class ClientProgram
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not [string name, string connection, string sql])
        {
            await Console.Error.WriteLineAsync("usage: client library|npgsql CONNECTION SQL");
            return 2;
        }

        (long rows, long bytes) = name switch
        {
            "library" => await LibraryClient.ReadAsync(connection, sql),
            "npgsql" => await NpgsqlClient.ReadAsync(connection, sql),
            _ => throw new ArgumentException($"There is no client {name}."),
        };
        await Console.Error.WriteLineAsync($$"""{"rows":{{rows}},"bytes":{{bytes}},"allocatedBytes":{{GC.GetTotalAllocatedBytes(precise: true)}}}""");
        return 0;
    }
}
