using System.IO.Pipelines;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Streams;

/// <summary>Every receive of the sample source completes synchronously, so the whole stream runs on the thread whose allocation is counted.</summary>
public sealed class AllocationTests
{
    private const int RowCount = 1_000_000;
    private const long MostBytes = 64 * 1024;

    [Fact]
    public void Batches_OfAMillionRows_AllocateUnder64KiB() => Measure(stream =>
    {
        long rows = 0;
        while (Now(stream.ReadBatchAsync()))
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                rows += row.Span[0] == (byte)'{' ? 1 : 0;
            }
        }

        return rows;
    });

    [Fact]
    public void AwaitForeach_OverAMillionRows_AllocatesUnder64KiB() => Measure(stream => Now(CountAsync(stream)));

    [Theory]
    [InlineData(RowFormat.Ndjson)]
    [InlineData(RowFormat.JsonArray)]
    [InlineData(RowFormat.ServerSentEvents)]
    public void CopyToAStream_OfAMillionRows_AllocatesUnder64KiB(RowFormat format) =>
        Measure(stream => Now(stream.CopyToAsync(Stream.Null, format)));

    [Fact]
    public void CopyToAPipe_OfAMillionRows_AllocatesUnder64KiB() =>
        Measure(stream => Now(stream.CopyToAsync(PipeWriter.Create(Stream.Null, new StreamPipeWriterOptions(leaveOpen: true)))));

    private static async ValueTask<long> CountAsync(JsonRowStream stream)
    {
        long rows = 0;
        await foreach (JsonRow row in stream)
        {
            rows += row.Length > 0 ? 1 : 0;
        }

        return rows;
    }

    private static void Measure(Func<JsonRowStream, long> read)
    {
        // Once for what the first call of anything allocates.
        read(Rows.Stream(new SampleRowSource(1000)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        JsonRowStream stream = Rows.Stream(new SampleRowSource(RowCount));
        long rows = read(stream);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(RowCount, rows);
        Assert.Equal((StreamState.Complete, RowCount * 200L), (stream.State, stream.GetStatistics().BytesDelivered));
        Assert.InRange(allocated, 0, MostBytes);
    }

    private static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }
}
