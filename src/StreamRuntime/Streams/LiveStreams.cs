using System.Numerics;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.Streams;

/// <summary>All streams that were made and have not ended, and what the ended ones have done.</summary>
/// <remarks>
/// <para>
/// Thread-safe. A stream is on the list from when it is made, so that one which holds a connection and is never read can be seen, until it ends. That is one
/// lock, mostly free, and one store each; the stream itself holds two numbers. Threads that make streams at the same time mostly meet different stripes.
/// </para>
/// <para>
/// A stream that is dropped without being disposed must not be kept alive by this list, as its socket's finalizer is what closes its connection. A weak
/// reference for each would cost more than everything else about a short stream; so the list holds streams strongly while they are young, and after each full
/// collection, without which nothing is freed that has become old, gives those that have become old a weak one (<see cref="LiveStreamStripe.Age"/>).
/// </para>
/// </remarks>
internal static class LiveStreams
{
    private const int MostStripes = 32;

    private static readonly LiveStreamStripe[] Stripes = MakeStripes();

    static LiveStreams()
    {
        StreamMetrics.Publish();
        RuntimeEventSource.Log.AddToSnapshots(new StreamSnapshot().Write);
        AfterFullCollection.Call(Age);
    }

    public static void Add(JsonRowStream stream) => Stripes[Environment.CurrentManagedThreadId & (Stripes.Length - 1)].Add(stream);

    /// <summary>Takes a stream off the list that has ended. Called once for each.</summary>
    public static void Remove(JsonRowStream stream)
    {
        StreamTotals done = default;
        stream.AddEndTo(ref done);
        Stripes[stream.Place & (Stripes.Length - 1)].Remove(stream, done);
    }

    /// <summary>Sums over all streams there are and were. What they have done never becomes less.</summary>
    public static StreamTotals GetTotals()
    {
        StreamTotals totals = default;
        foreach (LiveStreamStripe stripe in Stripes)
        {
            stripe.AddTo(ref totals);
        }

        return totals;
    }

    /// <summary>Adds every stream that is on the list.</summary>
    public static void CopyTo(List<JsonRowStream> streams)
    {
        foreach (LiveStreamStripe stripe in Stripes)
        {
            stripe.CopyTo(streams);
        }
    }

    /// <summary>Lets go of the streams that have become old. Called after full collections, and by tests.</summary>
    internal static void Age()
    {
        foreach (LiveStreamStripe stripe in Stripes)
        {
            stripe.Age();
        }
    }

    private static LiveStreamStripe[] MakeStripes()
    {
        int count = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, MostStripes));
        return [.. Enumerable.Range(0, count).Select(number => new LiveStreamStripe(number, count))];
    }
}
