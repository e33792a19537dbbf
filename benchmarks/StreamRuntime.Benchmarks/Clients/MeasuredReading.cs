using System.Runtime;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>
/// A client that is measured while it reads, and not while it starts: it waits until somebody listens to its events, which is work for the runtime, reads a
/// shorter result until hardly anything is compiled for it any more, and then reads the result that counts between two events.
/// </summary>
/// <remarks>Everything but the reading is on the main thread, which blocks where it waits: the client's continuations run where they would elsewhere.</remarks>
internal static class MeasuredReading
{
    public const string Ready = "ready";
    public const string Go = "go";
    public const string Leave = "leave";

    // The runtime compiles a method anew, and better, when it was called 30 times, and once more after another 30.
    private const int ReadsPerCycle = 40;
    private const int MostCycles = 8;
    private const int FewMethods = 10;
    private static readonly TimeSpan Compiling = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan EventsLimit = TimeSpan.FromSeconds(10);

    /// <summary>Does it all; false when whoever started us is gone.</summary>
    public static bool Run(RowClient client, string warmSql, string sql)
    {
        Console.WriteLine(Ready);
        if (Console.ReadLine() != Go)
        {
            return false;
        }

        if (!SpinWait.SpinUntil(ClientEvents.Log.IsEnabled, EventsLimit))
        {
            throw new TimeoutException("Nobody listens to the events.");
        }

        WarmUp(client, warmSql);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        RowTotals totals = client.ReadAsync(sql, Begin).GetAwaiter().GetResult();
        End();
        Console.WriteLine($$"""{"rows":{{totals.Rows}},"bytes":{{totals.Bytes}}}""");
        return Console.ReadLine() == Leave;
    }

    private static void WarmUp(RowClient client, string sql)
    {
        long compiled;
        int cycles = 0;
        do
        {
            compiled = JitInfo.GetCompiledMethodCount();
            for (int reads = 0; reads < ReadsPerCycle; reads++)
            {
                client.ReadAsync(sql).GetAwaiter().GetResult();
            }

            Thread.Sleep(Compiling);
        }
        while (JitInfo.GetCompiledMethodCount() - compiled > FewMethods && ++cycles < MostCycles);
    }

    private static void Begin()
    {
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        Environment.ProcessCpuUsage used = Environment.CpuUsage;
        ClientEvents.Log.Begin((long)used.UserTime.TotalNanoseconds, (long)used.PrivilegedTime.TotalNanoseconds, allocated);
    }

    private static void End()
    {
        Environment.ProcessCpuUsage used = Environment.CpuUsage;
        ClientEvents.Log.End((long)used.UserTime.TotalNanoseconds, (long)used.PrivilegedTime.TotalNanoseconds);
        ClientEvents.Log.Allocated(GC.GetTotalAllocatedBytes(precise: true));
    }
}
