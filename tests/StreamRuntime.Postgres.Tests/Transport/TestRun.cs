namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>How much of a long test is run.</summary>
internal static class TestRun
{
    /// <summary>True when every position and every case is asked for, false when a sample is enough.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";

    /// <summary>Every position in the full run; in the short one, this many, drawn with the seed.</summary>
    public static IReadOnlyList<int> Positions(int most, int sample, int seed)
    {
        int[] all = [.. Enumerable.Range(0, most + 1)];
        if (IsFull)
        {
            return all;
        }

        new Random(seed).Shuffle(all);
        return all[..sample];
    }
}
