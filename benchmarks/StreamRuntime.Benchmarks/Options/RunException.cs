namespace StreamRuntime.Benchmarks.Options;

/// <summary>The run can't go on, for a reason that the person who started it can act on.</summary>
internal sealed class RunException : Exception
{
    public RunException(string message, int exitCode = 1, Exception? cause = null)
        : base(message, cause) => ExitCode = exitCode;

    public int ExitCode { get; }
}
