namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>How much this run of the tests does.</summary>
internal static class ServeRun
{
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";
}
