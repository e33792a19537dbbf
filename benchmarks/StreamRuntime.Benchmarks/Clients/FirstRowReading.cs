using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>How long a client that has long been running waits for the first row of a large result.</summary>
internal static class FirstRowReading
{
    /// <summary>Asks so many times, after as many that do not count.</summary>
    /// <returns>The median, in nanoseconds.</returns>
    public static double Run(RowClient client, string sql, int times)
    {
        List<double> measured = [];
        for (int i = -times; i < times; i++)
        {
            double elapsed = client.ReadFirstAsync(sql).GetAwaiter().GetResult();
            if (i >= 0)
            {
                measured.Add(elapsed);
            }
        }

        return Medians.Of(measured);
    }
}
