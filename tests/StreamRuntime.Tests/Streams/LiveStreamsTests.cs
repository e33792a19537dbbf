using System.Runtime.CompilerServices;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Streams;

[Collection(AloneCollection.Name)]
public sealed class LiveStreamsTests
{
    [Fact]
    public async Task Stream_IsListed_FromWhenItIsMadeUntilItEnds()
    {
        JsonRowStream stream = JsonRowStream.Create(new SampleRowSource(1));
        Assert.Contains(stream, Listed());
        Assert.True(await stream.ReadBatchAsync());
        Assert.Contains(stream, Listed());
        Assert.False(await stream.ReadBatchAsync());
        Assert.DoesNotContain(stream, Listed());
        await stream.DisposeAsync();

        JsonRowStream neverRead = JsonRowStream.Create(new SampleRowSource(1));
        await neverRead.DisposeAsync();
        Assert.DoesNotContain(neverRead, Listed());
    }

    [Fact]
    public async Task Streams_OfManyThreads_AreListedOnce_AndHaveNumbersOfTheirOwn()
    {
        const int Threads = 8;
        const int OfEach = 500;
        JsonRowStream[][] made = await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(() =>
        {
            var streams = new JsonRowStream[OfEach];
            for (int i = 0; i < OfEach; i++)
            {
                streams[i] = JsonRowStream.Create(new SampleRowSource(1));
            }

            return streams;
        })));
        JsonRowStream[] all = [.. made.SelectMany(m => m)];
        Assert.Equal(all.Length, all.Select(s => s.Id).Distinct().Count());
        Assert.Equal(all.Length, Listed().Count(new HashSet<JsonRowStream>(all).Contains));

        // Every second one, so that places become free among the others and are used again.
        await Task.WhenAll(all.Where((_, i) => i % 2 == 0).Select(s => s.DisposeAsync().AsTask()));
        JsonRowStream[] more = [.. Enumerable.Range(0, OfEach).Select(_ => JsonRowStream.Create(new SampleRowSource(1)))];
        HashSet<JsonRowStream> expected = [.. all.Where((_, i) => i % 2 == 1), .. more];
        Assert.Equal(expected.Count, Listed().Count(expected.Contains));
        Assert.DoesNotContain(Listed(), all.Where((_, i) => i % 2 == 0).Contains);
        foreach (JsonRowStream stream in expected)
        {
            await stream.DisposeAsync();
        }

        Assert.DoesNotContain(Listed(), expected.Contains);
    }

    [Fact]
    public void StreamThatIsDropped_IsNotKeptAlive_AndItsRowsStayCounted()
    {
        long before = LiveStreams.GetTotals().Rows;
        WeakReference dropped = ReadAndDrop();
        Assert.Equal(10, LiveStreams.GetTotals().Rows - before);

        // Two make it old, the third is followed by the list's letting go, and the fourth frees it.
        for (int i = 0; i < 6; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(dropped.IsAlive);
        Assert.Equal(10, LiveStreams.GetTotals().Rows - before);
    }

    [Fact]
    public async Task StreamThatHasBecomeOld_IsStillListed_AndCounted()
    {
        long before = LiveStreams.GetTotals().Rows;
        JsonRowStream stream = JsonRowStream.Create(new SampleRowSource(20, batchBytes: 2000));
        Assert.True(await stream.ReadBatchAsync());
        for (int i = 0; i < 6; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(GC.MaxGeneration, GC.GetGeneration(stream));
        Assert.Contains(stream, Listed());
        Assert.Equal(10, LiveStreams.GetTotals().Rows - before);
        Assert.True(await stream.ReadBatchAsync());
        Assert.False(await stream.ReadBatchAsync());
        Assert.DoesNotContain(stream, Listed());
        Assert.Equal(20, LiveStreams.GetTotals().Rows - before);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference ReadAndDrop()
    {
        JsonRowStream stream = JsonRowStream.Create(new SampleRowSource(20, batchBytes: 2000));
        Assert.True(Now(stream.ReadBatchAsync()));
        return new WeakReference(stream);
    }

    private static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    private static List<JsonRowStream> Listed()
    {
        List<JsonRowStream> streams = [];
        LiveStreams.CopyTo(streams);
        return streams;
    }
}
