using StreamRuntime.Diagnostics;

namespace StreamRuntime.Streams;

/// <summary>What streams tell the event source; each is a look at one field where nobody listens, and none is written per row.</summary>
internal static class StreamEvents
{
    /// <param name="id">The stream.</param>
    /// <param name="stream">The same, to be asked for its name if anybody wants to know.</param>
    public static void Started(int id, JsonRowStream stream)
    {
        if (RuntimeEventSource.Log.WantsStreams)
        {
            RuntimeEventSource.Log.StreamStarted(id, stream.Label);
        }
    }

    public static void Named(int id, JsonRowStream stream)
    {
        if (RuntimeEventSource.Log.WantsStreams)
        {
            RuntimeEventSource.Log.StreamNamed(id, stream.Label);
        }
    }

    public static void Paused(int id, string? reason, long rowsDelivered, long rowsBuffered, long bytesBuffered)
    {
        if (RuntimeEventSource.Log.WantsStreams)
        {
            RuntimeEventSource.Log.StreamPaused(id, reason ?? "", rowsDelivered, rowsBuffered, bytesBuffered);
        }
    }

    public static void Resumed(int id, TimeSpan lasted, bool byTimeout)
    {
        if (RuntimeEventSource.Log.WantsStreams)
        {
            RuntimeEventSource.Log.StreamResumed(id, lasted.TotalMilliseconds, byTimeout);
        }
    }

    public static void Ended(int id, JsonRowStream stream, StreamState end, Exception? error)
    {
        if (RuntimeEventSource.Log.WantsStreams)
        {
            StreamStatistics statistics = stream.GetStatistics();
            if (end == StreamState.Complete)
            {
                RuntimeEventSource.Log.StreamCompleted(id, statistics.RowsDelivered, statistics.BytesDelivered, statistics.Elapsed.TotalMilliseconds);
            }
            else
            {
                RuntimeEventSource.Log.StreamFailed(id, TypeOf(error), statistics.RowsDelivered, statistics.BytesDelivered, statistics.Elapsed.TotalMilliseconds);
            }
        }
    }

    /// <summary>What went wrong, without the message, which may quote values; a stream that was disposed before its end has no error of its own.</summary>
    public static string TypeOf(Exception? error) => error switch
    {
        null => typeof(ObjectDisposedException).FullName!,
        StreamRuntimeException { SqlState: { } sqlState } => sqlState,
        StreamRuntimeException ours => ours.Kind.ToString(),
        _ => error.GetType().FullName!,
    };
}
