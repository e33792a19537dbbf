namespace StreamRuntime.Cli.Watching;

/// <summary>A process can't be watched, or no longer. The message says why, and what may be done.</summary>
internal sealed class WatchException(string message, Exception? cause = null) : Exception(message, cause);
