using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Watching;

/// <summary>Shows refreshes, on standard output.</summary>
internal abstract class TopDisplay : IDisposable
{
    public static TopDisplay Create(TopOptions options, int processId)
    {
        if (options.IsJson)
        {
            return new JsonTop(processId);
        }

        return StandardStreams.OutputIsTerminal && Environment.GetEnvironmentVariable("TERM") != "dumb" ? new LiveTop(processId) : new PlainTop(processId);
    }

    /// <exception cref="DestinationException">Nobody reads it any more, or it can't be written.</exception>
    public abstract void Show(Refresh refresh);

    public abstract void Dispose();
}
