namespace StreamRuntime.Cli.Terminals;

/// <summary>An error as people read it.</summary>
internal static class ErrorReport
{
    public static string Format(StreamRuntimeException failure) => $"streamrt: {failure.Message}";
}
