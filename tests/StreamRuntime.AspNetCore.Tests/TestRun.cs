namespace StreamRuntime.AspNetCore.Tests;

/// <summary>How long this run of the tests waits, and how much it does.</summary>
internal static class TestRun
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";
}
