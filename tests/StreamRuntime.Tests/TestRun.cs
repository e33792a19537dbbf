using System.Globalization;
using Xunit.Abstractions;

namespace StreamRuntime.Tests;

/// <summary>How long and how often this run of the tests tries.</summary>
internal static class TestRun
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";

    /// <summary>The seed that was asked for, or a new one; printed either way.</summary>
    public static int Seed(ITestOutputHelper output)
    {
        int seed = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next(1_000_000_000);
        output.WriteLine($"seed {seed} (STREAMRUNTIME_TEST_SEED)");
        return seed;
    }

    /// <summary>Runs an action on many threads that start at the same moment, and waits for all of them.</summary>
    public static void Together(int threads, Action<int> act)
    {
        using var start = new ManualResetEventSlim();
        Exception? failure = null;
        Thread[] all = [.. Enumerable.Range(0, threads).Select(i => new Thread(
            () =>
            {
                try
                {
                    start.Wait();
                    act(i);
                }
                catch (Exception thrown)
                {
                    Interlocked.CompareExchange(ref failure, thrown, null);
                }
            },
            256 * 1024))];
        Array.ForEach(all, t => t.Start());
        start.Set();
        Array.ForEach(all, t => t.Join());
        if (failure is not null)
        {
            throw new InvalidOperationException("A thread failed.", failure);
        }
    }
}
