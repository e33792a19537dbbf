namespace StreamRuntime.Cli.Terminals;

/// <summary>Rows could not be written. Kept apart from the source's errors, which may be I/O errors as well.</summary>
internal sealed class DestinationException(string message, bool isClosed = false, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>True when whoever read the pipe has closed it.</summary>
    public bool IsClosed { get; } = isClosed;
}
