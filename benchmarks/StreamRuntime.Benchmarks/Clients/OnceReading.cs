namespace StreamRuntime.Benchmarks.Clients;

/// <summary>A client as a small program is: connects, reads one result, and has nothing else to do. Then it waits, so that it can be looked at.</summary>
internal static class OnceReading
{
    /// <summary>Does it all; false when whoever started us is gone.</summary>
    public static bool Run(RowClient client, string sql)
    {
        RowTotals totals = client.ReadAsync(sql).GetAwaiter().GetResult();
        Console.WriteLine($$"""{"rows":{{totals.Rows}},"bytes":{{totals.Bytes}}}""");
        return Console.ReadLine() == MeasuredReading.Leave;
    }
}
