namespace StreamRuntime.Cli.Terminals;

/// <summary>What the process tells its caller at the end.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int Interrupted = 130;
}
