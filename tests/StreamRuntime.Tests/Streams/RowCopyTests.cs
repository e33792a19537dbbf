using System.IO.Pipelines;
using System.Text;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Streams;

public sealed class RowCopyTests
{
    [Theory]
    [InlineData(RowFormat.Ndjson)]
    [InlineData(RowFormat.JsonArray)]
    [InlineData(RowFormat.ServerSentEvents)]
    public async Task CopyCurrentBatchAsync_AfterEveryRead_GivesTheSameDocumentAsOneCopy(RowFormat format)
    {
        using var whole = new MemoryStream();
        await using (JsonRowStream stream = Sample(5000))
        {
            await stream.CopyToAsync(whole, format);
        }

        using var parts = new MemoryStream();
        await using JsonRowStream again = Sample(5000);
        await using RowCopy copy = RowCopy.Create(again, parts, format);
        while (await again.ReadBatchAsync())
        {
            int rows = again.CurrentBatch.Count;
            Assert.Equal(rows, await copy.CopyCurrentBatchAsync());
        }

        await copy.EndAsync();
        Assert.Equal(5000, copy.Rows);
        Assert.Equal(whole.ToArray(), parts.ToArray());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await copy.CopyCurrentBatchAsync());
    }

    [Theory]
    [InlineData(RowFormat.Ndjson)]
    [InlineData(RowFormat.JsonArray)]
    [InlineData(RowFormat.ServerSentEvents)]
    public async Task WriteCurrentBatchAsync_LeavesTheLastFlushToGoOn_AndGivesTheSameDocument(RowFormat format)
    {
        using var whole = new MemoryStream();
        await using (JsonRowStream stream = Sample(5000))
        {
            await stream.CopyToAsync(whole, format);
        }

        // Every flush waits for the reader, who comes only when it is asked to.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        using var parts = new MemoryStream();
        await using JsonRowStream again = Sample(5000);
        await using RowCopy copy = RowCopy.Create(again, pipe.Writer, format);
        Task<int>? writing = null;
        int batches = 0;
        while (await again.ReadBatchAsync())
        {
            int rows = again.CurrentBatch.Count;
            writing = copy.WriteCurrentBatchAsync().AsTask();
            while (!writing.IsCompleted)
            {
                Take(pipe.Reader, parts);
                await Task.Yield();
            }

            Assert.Equal(rows, await writing);
            batches++;
        }

        Assert.InRange(batches, 2, int.MaxValue);
        Task<bool> flushing = copy.EndFlushAsync().AsTask();
        Assert.False(flushing.IsCompleted);
        Take(pipe.Reader, parts);
        Assert.True(await flushing);
        Assert.True(await copy.EndFlushAsync());
        Task ending = copy.EndAsync().AsTask();
        Take(pipe.Reader, parts);
        await ending;
        Assert.Equal(5000, copy.Rows);
        Assert.Equal(whole.ToArray(), parts.ToArray());
    }

    [Fact]
    public async Task WriteCurrentBatchAsync_WhenTheReaderGoesMeanwhile_WritesNoMore()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        await using JsonRowStream stream = JsonRowStream.Create(new SampleRowSource(1000, 100), new JsonRowStreamOptions { MaxBufferedBytes = 4096 });
        await using RowCopy copy = RowCopy.Create(stream, pipe.Writer);
        Assert.True(await stream.ReadBatchAsync());
        Assert.Equal(stream.CurrentBatch.Count, await copy.WriteCurrentBatchAsync());
        Assert.True(await stream.ReadBatchAsync());
        Task<int> next = copy.WriteCurrentBatchAsync().AsTask();
        Assert.False(next.IsCompleted);
        await pipe.Reader.CompleteAsync();
        Assert.Equal(0, await next);
        Assert.False(await copy.EndFlushAsync());
    }

    [Fact]
    public async Task WriteCurrentBatchAsync_CancelledWhileItsFlushGoesOn_SaysSoAtTheNextStep()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        using var stop = new CancellationTokenSource();
        await using JsonRowStream stream = Sample(10);
        await using RowCopy copy = RowCopy.Create(stream, pipe.Writer);
        Assert.True(await stream.ReadBatchAsync());
        Assert.Equal(10, await copy.WriteCurrentBatchAsync(stop.Token));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await copy.EndFlushAsync());
        Assert.True(await copy.EndFlushAsync());
    }

    [Theory]
    [InlineData(RowFormat.Ndjson)]
    [InlineData(RowFormat.JsonArray)]
    [InlineData(RowFormat.ServerSentEvents)]
    public async Task CopyAsync_InSteps_GivesTheSameDocumentAsOneCopy(RowFormat format)
    {
        using var whole = new MemoryStream();
        await using (JsonRowStream stream = Sample(1000))
        {
            await stream.CopyToAsync(whole, format);
        }

        using var parts = new MemoryStream();
        await using JsonRowStream again = Sample(1000);
        await using RowCopy copy = RowCopy.Create(again, parts, format);
        long rows = 0;
        foreach (int step in new[] { 0, 1, 2, 300, 7, 0, 500, 1000 })
        {
            long before = copy.Rows;
            long written = await copy.CopyAsync(step);
            Assert.Equal(Math.Min(step, 1000 - before), written);
            rows += written;
            Assert.Equal(rows, copy.Rows);
            Assert.Equal(rows, again.GetStatistics().RowsDelivered);
        }

        await copy.EndAsync();
        Assert.Equal(StreamState.Complete, again.State);
        Assert.Equal(Encoding.UTF8.GetString(whole.ToArray()), Encoding.UTF8.GetString(parts.ToArray()));
    }

    [Fact]
    public async Task CopyAsync_InsideABatch_WritesExactlySoManyRowsAndLeavesTheNextReadable()
    {
        await using JsonRowStream stream = Sample(100);
        using var bytes = new MemoryStream();
        await using RowCopy copy = RowCopy.Create(stream, bytes);
        Assert.Equal(3, await copy.CopyAsync(3));
        Assert.Equal(3, Encoding.UTF8.GetString(bytes.ToArray()).Count(c => c == '\n'));
        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal((3, 600), (statistics.RowsDelivered, statistics.BytesDelivered));
        Assert.True(await stream.ReadBatchAsync());
        Assert.StartsWith("{\"id\":3,", stream.CurrentBatch[0].ToString(), StringComparison.Ordinal);
        Assert.Equal(97, stream.CurrentBatch.Count);
    }

    [Fact]
    public async Task TryPause_BetweenSteps_CountsTheRowsHeldBack()
    {
        await using JsonRowStream stream = Sample(100);
        using var bytes = new MemoryStream();
        await using RowCopy copy = RowCopy.Create(stream, bytes);
        await copy.CopyAsync(40);
        Assert.True(stream.TryPause());
        Assert.Equal(60, stream.GetStatistics().RowsBufferedAtPause);
    }

    [Fact]
    public async Task CopyAsync_PipeReaderGone_StopsEarly()
    {
        await using JsonRowStream stream = Sample(1_000_000);
        var pipe = new Pipe();
        await pipe.Reader.CompleteAsync();
        await using RowCopy copy = RowCopy.Create(stream, pipe.Writer);
        Assert.InRange(await copy.CopyAsync(), 1, 999_999);
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public async Task CopyAsync_AfterEnd_Throws()
    {
        await using JsonRowStream stream = Sample(1);
        await using RowCopy copy = RowCopy.Create(stream, Stream.Null);
        await copy.EndAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await copy.CopyAsync());
    }

    [Fact]
    public async Task CopyAsync_NegativeCount_Throws()
    {
        await using JsonRowStream stream = Sample(1);
        await using RowCopy copy = RowCopy.Create(stream, Stream.Null);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await copy.CopyAsync(-1));
    }

    private static JsonRowStream Sample(long rows) => JsonRowStream.Create(new SampleRowSource(rows));

    private static void Take(PipeReader reader, MemoryStream to)
    {
        if (reader.TryRead(out ReadResult read))
        {
            foreach (ReadOnlyMemory<byte> part in read.Buffer)
            {
                to.Write(part.Span);
            }

            reader.AdvanceTo(read.Buffer.End);
        }
    }
}
