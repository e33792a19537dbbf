namespace StreamRuntime.Benchmarks.Tests;

/// <summary>How much this run of the tests does.</summary>
internal static class TestRun
{
    /// <summary>True for the long forms, which <c>STREAMRUNTIME_TEST_FULL=1</c> asks for.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";
}
