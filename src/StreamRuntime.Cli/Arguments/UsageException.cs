namespace StreamRuntime.Cli.Arguments;

/// <summary>The command line can't be used as given. The message says what is allowed.</summary>
internal sealed class UsageException(string message) : Exception(message);
