using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>As many streams of one design as a question is asked of.</summary>
internal static class Population
{
    public static JsonRowStream[] OneByte() => Questions.MakeObjects(() => JsonRowStream.Create(EmptyRowSource.Instance));

    public static LockedRowStream[] LazyGate() => Questions.MakeObjects(() => LockedRowStream.Create(EmptyRowSource.Instance, GateCreation.Lazy));

    public static LockedRowStream[] EagerGate() => Questions.MakeObjects(() => LockedRowStream.Create(EmptyRowSource.Instance, GateCreation.Eager));

    public static JsonRowStream[] ReadToTheEnd(this JsonRowStream[] streams)
    {
        foreach (JsonRowStream stream in streams)
        {
            Completed.Now(stream.ReadBatchAsync());
        }

        return streams;
    }

    public static LockedRowStream[] ReadToTheEnd(this LockedRowStream[] streams)
    {
        foreach (LockedRowStream stream in streams)
        {
            Completed.Now(stream.ReadBatchAsync());
        }

        return streams;
    }

    /// <summary>Streams that have their gate already.</summary>
    public static JsonRowStream[] PausedOnce(this JsonRowStream[] streams)
    {
        foreach (JsonRowStream stream in streams)
        {
            stream.TryPause();
            stream.TryResume();
        }

        return streams;
    }

    /// <inheritdoc cref="PausedOnce(JsonRowStream[])"/>
    public static LockedRowStream[] PausedOnce(this LockedRowStream[] streams)
    {
        foreach (LockedRowStream stream in streams)
        {
            stream.TryPause();
            stream.TryResume();
        }

        return streams;
    }
}
