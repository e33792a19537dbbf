using System.Globalization;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>The measured .NET clients, each run as a process of its own.</summary>
internal static class ClientProgram
{
    /// <summary>Where a client's socket continuations run: on the thread that waits for all sockets, instead of on the pool's.</summary>
    public const string Inline = "--inline";

    public const string Read = "read";
    public const string Measured = "measured";
    public const string Once = "once";
    public const string FirstRow = "first-row";

    private const string Usage = $"""
        usage: client {Read} NAME CONNECTION SQL                reads once; the whole process is measured from outside
               client {Measured} NAME CONNECTION WARMSQL SQL    reads between events, when told to on standard input
               client {Once} NAME CONNECTION SQL                reads once, and stays there until told to leave
               client {FirstRow} NAME CONNECTION SQL TIMES      asks again and again for the first row
        The last line on standard error, or of '{Measured}' and '{Once}' on standard output, is JSON. {Inline} at the end sets the process's socket continuations.
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is [.., Inline])
        {
            // As a program of ours does before its first socket, which is when the runtime looks.
            Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
            arguments = arguments[..^1];
        }

        switch (arguments)
        {
            case [Read, string name, string connection, string sql]:
                await using (var client = RowClients.Create(name, connection))
                {
                    RowTotals totals = await client.ReadAsync(sql);
                    Report($$"""{"rows":{{totals.Rows}},"bytes":{{totals.Bytes}},"allocatedBytes":{{GC.GetTotalAllocatedBytes(precise: true)}}}""");
                }

                return 0;
            case [Measured, string name, string connection, string warmSql, string sql]:
                await using (var client = RowClients.Create(name, connection))
                {
                    return MeasuredReading.Run(client, warmSql, sql) ? 0 : 1;
                }

            case [Once, string name, string connection, string sql]:
                await using (var client = RowClients.Create(name, connection))
                {
                    return OnceReading.Run(client, sql) ? 0 : 1;
                }

            case [FirstRow, string name, string connection, string sql, string times]:
                await using (var client = RowClients.Create(name, connection))
                {
                    int count = int.Parse(times, CultureInfo.InvariantCulture);
                    double median = FirstRowReading.Run(client, sql, count);
                    Report(string.Create(CultureInfo.InvariantCulture, $$"""{"rows":{{count}},"bytes":0,"firstRowNs":{{median:0}}}"""));
                }

                return 0;
            default:
                await Console.Error.WriteLineAsync(Usage);
                return 2;
        }
    }

    private static void Report(string line) => Console.Error.WriteLine(line);
}
